#include "meter/agent/agent_options.h"

#include <fstream>

#include <gtest/gtest.h>

#include "kernel/command_testing.h"
#include "kernel/testing.h"

namespace wattline::meter {
namespace {

const std::shared_ptr<const catalog::Catalog> all = catalog::Catalog::load({});

std::string complaint(const AgentOptions& o) {
  return wattline::tests::message_of([&] { agent_settings(o, *all); });
}
std::string file_complaint(std::string_view text) {
  AgentOptions o;
  return wattline::tests::message_of([&] { read_agent_file(o, text, "agent.toml"); });
}

TEST(AgentOptions, DefaultsAreLoopbackAndASecond) {
  const auto s = agent_settings({}, *all);
  EXPECT_TRUE(s.door.address.loopback());
  EXPECT_EQ(s.resolution.base(), 1);
  EXPECT_TRUE(s.outbox.otlp_url.empty());
  EXPECT_FALSE(s.outbox.record_interval);
  EXPECT_FALSE(s.host.empty());
  EXPECT_EQ(s.outbox.place, "");
}

TEST(AgentOptions, AFileFillsInWhatIsNotGiven) {
  AgentOptions o;
  o.top = 7;
  read_agent_file(o, "top = 30\ninterval = \"100 ms\"\nresolution = 5\nplace = \"FR\"\nprocesses = false\n",
                  "agent.toml");
  EXPECT_EQ(o.top, 7);
  EXPECT_EQ(o.interval.base(), 0.1);
  EXPECT_EQ(o.resolution.base(), 5);
  EXPECT_FALSE(o.processes);
  EXPECT_EQ(agent_settings(o, *all).outbox.place, "FR");
}

TEST(AgentOptions, FaultsOfAFileNameItsLine) {
  EXPECT_NE(file_complaint("top = 3\nlisen = \"x\"\n").find("agent.toml:2"), std::string::npos);
  EXPECT_NE(file_complaint("lisen = \"x\"\n").find("listen"), std::string::npos);
  EXPECT_NE(file_complaint("\n\ninterval = \"3 W\"\n").find("agent.toml:3"), std::string::npos);
  EXPECT_NE(file_complaint("interval = 1e9\n").find("range"), std::string::npos);
  EXPECT_NE(file_complaint("once = true\n"), "no error");
  EXPECT_NE(file_complaint("top = [\n"), "no error");
  EXPECT_NE(file_complaint("[server]\nlisten=\"x\"\n"), "no error");
}

TEST(AgentOptions, OffLoopbackAKeyIsNeeded) {
  AgentOptions o;
  o.listen = "0.0.0.0:9460";
  EXPECT_NE(complaint(o).find("--keys-file"), std::string::npos);
  ::setenv("WATTLINE_TEST_AGENT_KEY", "0123456789abcdef", 1);
  o.key_env = "WATTLINE_TEST_AGENT_KEY";
  EXPECT_EQ(complaint(o), "no error");
  ::unsetenv("WATTLINE_TEST_AGENT_KEY");
}

TEST(AgentOptions, FineResolutionIsForThoseWithAKey) {
  AgentOptions o;
  o.interval = Duration(0.1);
  o.resolution = Duration(0.1);
  EXPECT_NE(complaint(o).find("security"), std::string::npos);
  ::setenv("WATTLINE_TEST_AGENT_KEY2", "0123456789abcdef", 1);
  o.key_env = "WATTLINE_TEST_AGENT_KEY2";
  EXPECT_EQ(agent_settings(o, *all).resolution.base(), 0.1);
  ::unsetenv("WATTLINE_TEST_AGENT_KEY2");
}

TEST(AgentOptions, NothingIsPublishedMoreOftenThanRead) {
  AgentOptions o;
  o.interval = Duration(5);
  EXPECT_EQ(agent_settings(o, *all).resolution.base(), 5);
}

TEST(AgentOptions, HalfATlsOrAFarCollectorInTheClearIsRefused) {
  AgentOptions o;
  o.certificate = "cert.pem";
  EXPECT_NE(complaint(o).find("private key"), std::string::npos);
  AgentOptions p;
  p.otlp = "collector:4318";
  EXPECT_NE(complaint(p).find("--otlp"), std::string::npos);
  ::setenv("WATTLINE_TEST_HEADERS", "x-key=secret,b=c", 1);
  p.otlp = "http://collector.test:4318";
  p.otlp_headers_env = "WATTLINE_TEST_HEADERS";
  EXPECT_NE(complaint(p).find("https"), std::string::npos);
  EXPECT_EQ(complaint(p).find("secret"), std::string::npos);
  p.otlp = "https://collector.test";
  const auto s = agent_settings(p, *all);
  EXPECT_EQ(s.outbox.otlp_url, "https://collector.test/v1/metrics");
  EXPECT_EQ(s.outbox.otlp_headers.size(), 2u);
  ::setenv("WATTLINE_TEST_HEADERS", "secret", 1);
  EXPECT_EQ(complaint(p).find("secret"), std::string::npos);
  ::unsetenv("WATTLINE_TEST_HEADERS");
}

}  // namespace
}  // namespace wattline::meter
