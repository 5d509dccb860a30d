#include "catalog/intensity/provider_config.h"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "catalog/intensity/provider_testing.h"
#include "kernel/command_testing.h"
#include "kernel/error.h"

namespace wattline::catalog {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;
using wattline::tests::message_of;
using wattline::tests::ScratchDir;

std::string refused(const std::string& toml) {
  return message_of([&] { IntensityProviders::parse(toml, "intensity.toml"); });
}

TEST(ProviderConfig, WithoutAFileTheProvidersStandAtTheirPublicAddresses) {
  const IntensityProviders all = IntensityProviders::load("/nowhere/intensity.toml", false);
  EXPECT_EQ(all.of(ProviderName::electricity_maps).url, "https://api.electricitymaps.com/v3");
  EXPECT_EQ(all.of(ProviderName::watttime).url, "https://api.watttime.org");
  EXPECT_EQ(all.of(ProviderName::watttime).name, ProviderName::watttime);
  EXPECT_THAT(message_of([] { IntensityProviders::load("/nowhere/intensity.toml", true); }), HasSubstr("/nowhere"));
}

TEST(ProviderConfig, TakesWhatTheFileSays) {
  const IntensityProviders all = IntensityProviders::parse(R"(
[electricity-maps]
url = "https://grid.example.org/emaps/v3/"
key_env = "MY_KEY"
emissions = "direct"
deadline = "90 s"
fresh_for = 600
retries = 0
licence = "CC BY"
proxy = "http://proxy:3128"
ca_file = "/etc/ca.pem"
[electricity-maps.zones]
US-CA = "US-CAL-CISO"
"gcp/us-west1" = "US-NW-PACW"
[watttime]
user = "ann"
url = "http://localhost:8080"
)",
                                                           "intensity.toml");
  const ProviderConfig& c = all.of(ProviderName::electricity_maps);
  EXPECT_EQ(c.url, "https://grid.example.org/emaps/v3") << "no slash at the end";
  EXPECT_EQ(c.key_env, "MY_KEY");
  EXPECT_EQ(c.emissions, "direct");
  EXPECT_DOUBLE_EQ(c.deadline.base(), 90);
  EXPECT_DOUBLE_EQ(c.fresh_for.base(), 600);
  EXPECT_EQ(c.retries, 0);
  EXPECT_EQ(c.zones.at("gcp/us-west1"), "US-NW-PACW");
  EXPECT_EQ(all.of(ProviderName::watttime).user_name(), "ann");
}

TEST(ProviderConfig, FaultsAreNamedWithTheirLine) {
  EXPECT_THAT(refused("[electricitymaps]\n"), AllOf(HasSubstr("intensity.toml:1"), HasSubstr("electricity-maps")));
  EXPECT_THAT(refused("watttime = 1"), HasSubstr("table"));
  EXPECT_THAT(refused("[watttime]\n\nuser = 5"), AllOf(HasSubstr("intensity.toml:3"), HasSubstr("watttime.user")));
  EXPECT_THAT(refused("[watttime]\nurll = 'x'"), AllOf(HasSubstr("urll"), HasSubstr("'url'")));
  EXPECT_THAT(refused("[watttime]\nemissions = 'direct'"), HasSubstr("unknown key"));
  EXPECT_THAT(refused("[electricity-maps]\nemissions = 'some'"), HasSubstr("lifecycle or direct"));
  EXPECT_THAT(refused("[watttime]\ndeadline = '0 s'"), HasSubstr("is allowed"));
  EXPECT_THAT(refused("[watttime]\ndeadline = 'soon'"), HasSubstr("soon"));
  EXPECT_THAT(refused("[watttime]\nretries = 99"), HasSubstr("0 to 10"));
  EXPECT_THAT(refused("[watttime]\ninsecure = 1"), HasSubstr("true or false"));
  EXPECT_THAT(refused("[watttime]\nzones = 'x'"), HasSubstr("table is needed"));
  EXPECT_THAT(refused("[watttime.zones]\nFR = ''"), HasSubstr("empty"));
  EXPECT_THAT(refused("[watttime\n"), HasSubstr("intensity.toml:1"));
  for (const char* url : {"ftp://x", "x", "", "https://", "https://u:p@h", "https://h/?key=1"})
    EXPECT_THAT(refused(fmt::format("[watttime]\nurl = '{}'", url)), HasSubstr("no address")) << url;
}

TEST(ProviderConfig, AKeyNeverGoesInTheClearToAnotherMachine) {
  EXPECT_THAT(refused("[watttime]\nurl = 'http://10.0.0.1/'"), HasSubstr("in the clear"));
  EXPECT_EQ(refused("[watttime]\nurl = 'http://10.0.0.1/'\ninsecure = true"), "no error");
  EXPECT_EQ(refused("[watttime]\nurl = 'http://127.0.0.1:9/'"), "no error");
}

TEST(ProviderConfig, KeysComeFromTheEnvironmentOrAFileOfOnesOwn) {
  ProviderConfig c = tests::config_for(ProviderName::electricity_maps, "http://127.0.0.1:1");
  EXPECT_EQ(c.key().reveal(), tests::test_key);
  c.key_env = "WATTLINE_TEST_NO_SUCH_KEY";
  EXPECT_THAT(message_of([&] { c.key(); }), HasSubstr("WATTLINE_TEST_NO_SUCH_KEY"));
  EXPECT_THAT(refused("[watttime]\nkey = 's3cret'"),
              AllOf(HasSubstr("does not stand in this file"), Not(HasSubstr("s3cret"))));

  const ScratchDir dir;
  const auto file = [&](const std::string& text, mode_t mode) {
    c.key_file = (dir.path() / "key").string();
    std::filesystem::remove(c.key_file);
    std::ofstream(c.key_file, std::ios::binary) << text;
    ::chmod(c.key_file.c_str(), mode);
    return message_of([&] { c.key(); });
  };
  EXPECT_EQ(file("s3cret\n", 0600), "no error");
  EXPECT_EQ(c.key().reveal(), "s3cret");
  EXPECT_EQ(file("s3cret", 0400), "no error");
  EXPECT_THAT(file("s3cret", 0640), AllOf(HasSubstr("mode 640"), HasSubstr("chmod 600"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(file("s3cret", 0604), HasSubstr("others may"));
  EXPECT_THAT(file("\n", 0600), HasSubstr("empty"));
  EXPECT_THAT(file("s3cret\nX-Evil: 1\n", 0600), AllOf(HasSubstr("more than one line"), Not(HasSubstr("s3cret"))));
  EXPECT_THAT(file(std::string(5000, 'x'), 0600), HasSubstr("longer than"));
  c.key_file = dir.path().string();
  EXPECT_THAT(message_of([&] { c.key(); }), HasSubstr("no ordinary file"));
  c.key_file = (dir.path() / "none").string();
  EXPECT_THAT(message_of([&] { c.key(); }), HasSubstr("none"));
}

TEST(ProviderConfig, AskingNeedsLeave) {
  Context context;
  EXPECT_THAT(message_of([&] { intensity_providers(context); }), HasSubstr("command line"));
  context.provide(std::make_shared<ProvidersLocation>(ProvidersLocation{"/nowhere.toml"}));
  EXPECT_THAT(message_of([&] { intensity_providers(context); }), HasSubstr("/nowhere.toml"));
}

}  // namespace
}  // namespace wattline::catalog
