#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "serve/config.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;

ConfigReading read(std::string_view toml) {
  return read_config(toml, "gateway.toml",
                     [](const std::string&) { return std::optional<std::string>("fr0m-the-environment"); });
}
std::string faults(std::string_view toml) {
  auto r = read(toml);
  std::string out;
  for (const auto& e : r.faults) out += std::string(e.what()) + "\n";
  for (const auto& e : check_whole(r.config)) out += std::string(e.what()) + "\n";
  return out;
}
std::string upstream(std::string_view name, std::string_view more = "") {
  return "[[upstream]]\nname=\"" + std::string(name) + "\"\nurl=\"https://" + std::string(name) +
         ".example/v1\"\nmodels=[\"m\"]\n" + std::string(more);
}

TEST(ConfigPool, ReadsEverythingOfAPool) {
  const auto r = read(R"(
[balance]
policy = "weighted"
retries = 3

[[model]]
id = "m"
balance = "latency"
retry_budget = 0.5
backoff = "10 ms"
backoff_most = "200 ms"
retry_after_most = 0
hedge = { quantile = 0.9, at_least = "20 ms", budget = 0.1 }

[[upstream]]
name = "a"
url = "http://127.0.0.1:8000/v1"
weight = 3
tier = 1
warm_up = "30 s"
drain = true
health = { path = "/health", interval = "2 s", timeout = "500 ms", healthy_after = 1, unhealthy_after = 4 }
breaker = { failures = 7, error_rate = 0.25, requests = 10, window = "1 min", open_for = "1 s", open_most = "1 min", probes = 2 }
metrics = { path = "/metrics", interval = "250 ms" }
models = ["m"]

[[upstream.model]]
id = "n"
weight = 0.5
tier = 0
)");
  ASSERT_TRUE(r.faults.empty()) << r.faults[0].what();
  EXPECT_EQ(r.config.balance.policy, BalancePolicy::weighted);
  EXPECT_EQ(r.config.balance.retry.most, 3);
  EXPECT_FALSE(r.config.balance.hedge.enabled);
  ASSERT_EQ(r.config.models.size(), 1u);
  const auto& b = r.config.models[0].balance;
  EXPECT_EQ(b.policy, BalancePolicy::latency);
  EXPECT_EQ(b.retry.most, 3);  // of [balance]
  EXPECT_EQ(b.retry.budget, 0.5);
  EXPECT_EQ(b.retry.backoff, Duration(0.01));
  EXPECT_EQ(b.retry.retry_after_most, Duration(0));
  EXPECT_TRUE(b.hedge.enabled);
  EXPECT_EQ(b.hedge.quantile, 0.9);
  EXPECT_EQ(b.hedge.at_least, Duration(0.02));
  const auto& u = r.config.upstreams[0];
  EXPECT_EQ(u.warm_up, Duration(30));
  EXPECT_TRUE(u.drain);
  EXPECT_EQ(u.health.path, "/health");
  EXPECT_EQ(u.health.unhealthy_after, 4);
  EXPECT_EQ(u.breaker.failures, 7);
  EXPECT_EQ(u.breaker.open_most, Duration(60));
  EXPECT_EQ(u.metrics.interval, Duration(0.25));
  EXPECT_EQ(u.models[0].weight, 3);
  EXPECT_EQ(u.models[0].tier, 1);
  EXPECT_EQ(u.models[1].weight, 0.5);
  EXPECT_EQ(u.models[1].tier, 0);
}

TEST(ConfigPool, TheSameIdInSeveralUpstreamsIsAPool) {
  EXPECT_EQ(faults(upstream("a") + upstream("b")), "");
  EXPECT_THAT(faults(upstream("a", "[[upstream.model]]\nid=\"m\"\n")),
              HasSubstr("'m' is already taken at gateway.toml:4"));
  std::string many;
  for (int i = 0; i < 64; ++i) many += upstream("u" + std::to_string(i));
  EXPECT_EQ(faults(many), "");
  EXPECT_THAT(faults(many + upstream("one-more")), HasSubstr("more than 64 upstreams"));
}

TEST(ConfigPool, FaultsNameTheFieldAndWhatIsAllowed) {
  EXPECT_THAT(faults("[balance]\npolicy=\"fastest\"\n" + upstream("a")),
              HasSubstr("least_outstanding, weighted, latency is allowed"));
  EXPECT_THAT(faults("[balance]\nretries=-1\n" + upstream("a")), HasSubstr("balance.retries"));
  EXPECT_THAT(faults("[balance]\nbackoff=\"2 s\"\n" + upstream("a")), HasSubstr("shorter than backoff"));
  EXPECT_THAT(faults("[balance]\nhedge={quantile=0.2}\n" + upstream("a")), HasSubstr("quantile"));
  EXPECT_THAT(faults("[balance]\nhedge={after=3}\n" + upstream("a")), HasSubstr("'balance.hedge.after' is not known"));
  EXPECT_THAT(faults(upstream("a", "weight=0\n")), HasSubstr("weight"));
  EXPECT_THAT(faults(upstream("a", "tier=1.5\n")), HasSubstr("tier"));
  EXPECT_THAT(faults(upstream("a", "health={interval=\"1 s\"}\n")), HasSubstr("path"));
  for (const char* path : {"health", "/a b", "/a\\r\\nx: y", "/a#b"})
    EXPECT_THAT(faults(upstream("a", "health={path=\"" + std::string(path) + "\"}\n")),
                HasSubstr("a path from the root"))
        << path;
  EXPECT_THAT(faults(upstream("a", "metrics={path=7}\n")), HasSubstr("metrics.path"));
  EXPECT_THAT(faults(upstream("a", "breaker={open_for=\"10 s\", open_most=\"1 s\"}\n")),
              HasSubstr("shorter than open_for"));
  EXPECT_THAT(faults(upstream("a", "breaker={failurs=1}\n")), HasSubstr("did you mean 'failures'"));
  EXPECT_THAT(faults("[[model]]\nid=\"n\"\n" + upstream("a")), HasSubstr("which no upstream serves"));
  EXPECT_THAT(faults("[[model]]\nretries=1\n" + upstream("a")), HasSubstr("id"));
  EXPECT_THAT(faults("[[model]]\nid=\"m\"\n[[model]]\nid=\"m\"\n" + upstream("a")), HasSubstr("twice"));
}

TEST(ConfigPool, AKeyMayStandInAFileOfItsOwn) {
  const ::wattline::tests::ScratchDir folder;
  const auto with = [&](std::string_view text, std::string_view more = "") {
    const auto path = (folder.path() / "key").string();
    std::ofstream(path, std::ios::binary) << text;
    return upstream("a", "api_key_file=\"" + path + "\"\n" + std::string(more));
  };
  const auto r = read(with("s3cret-0f-a-file\n"));
  ASSERT_TRUE(r.faults.empty()) << r.faults[0].what();
  EXPECT_EQ(r.config.upstreams[0].api_key.reveal(), "s3cret-0f-a-file");
  EXPECT_THAT(faults(with(" \n")), HasSubstr("which is empty"));
  EXPECT_THAT(faults(with("two words")), HasSubstr("within the key"));
  EXPECT_THAT(faults(with("two words")), Not(HasSubstr("two words")));
  EXPECT_THAT(faults(with(std::string(70'000, 'x'))), HasSubstr("larger than any key"));
  EXPECT_THAT(faults(with("x", "api_key_env=\"K\"\n")), HasSubstr("one of them is allowed"));
  EXPECT_THAT(faults(upstream("a", "api_key_file=\"/nonexistent/key\"\n")), HasSubstr("no file here"));
  EXPECT_THAT(faults(upstream("a", "api_key_file=\"/dev/zero\"\n")), HasSubstr("no file here"));
}

}  // namespace
}  // namespace wattline::serve
