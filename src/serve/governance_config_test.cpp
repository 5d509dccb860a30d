#include "serve/governance_config.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "serve/config.h"
#include "serve/key_command.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string digest(64, 'a');
Environment environment() {
  return [](const std::string& name) -> std::optional<std::string> {
    return name == "ADMIN_KEY" ? std::optional<std::string>("adm1n-s3cret") : std::nullopt;
  };
}
ConfigReading read(std::string_view toml) { return read_config(toml, "g.toml", environment()); }
std::string faults(std::string_view toml) {
  auto r = read(toml);
  std::string out;
  for (const auto& e : r.faults) out += std::string(e.what()) + "\n";
  if (r.faults.empty())
    for (const auto& e : check_whole(r.config)) out += std::string(e.what()) + "\n";
  return out;
}
const std::string tenant = "[[tenant]]\nname = \"lab\"\n",
                  key = "[[key]]\ntenant = \"lab\"\nsha256 = \"" + digest + "\"\n";

TEST(GovernanceConfig, ReadsAWholeFile) {
  const auto r = read(R"(
[[tenant]]
name = "lab"
models = ["llama-*"]
requests_per_minute = 600
tokens_per_minute = 100000
concurrent = 8
weight = 2
[[tenant.budget]]
energy = "5 kWh"
soft = 0.5
[[tenant.budget]]
carbon = "2 kgCO2e"
per = "day"
[[tenant.budget]]
usd = 12.5
per = "total"
[[key]]
id = "laptop"
tenant = "lab"
sha256 = ")" + digest +
                      R"("
models = ["llama-3*"]
expires = "2027-01-01"
[[price]]
models = ["llama-*"]
usd_per_million_input_tokens = 0.1
usd_per_million_output_tokens = 0.4
usd_per_kwh = 0.25
[[queue]]
models = ["llama-*"]
concurrent = 8
waiting = 16
longest_wait = "2 s"
[governance]
audit_log = "audit.jsonl"
waiting = 5
[admin]
listen = "127.0.0.1:8081"
api_key_env = "ADMIN_KEY"
)");
  ASSERT_TRUE(r.faults.empty()) << r.faults[0].what();
  const auto& g = r.config.governance;
  EXPECT_TRUE(check_governance(g).empty());
  EXPECT_TRUE(g.active());
  ASSERT_EQ(g.tenants.size(), 1u);
  EXPECT_EQ(g.tenants[0].concurrent, 8);
  ASSERT_EQ(g.tenants[0].budgets.size(), 3u);
  EXPECT_EQ(g.tenants[0].budgets[0], (BudgetConfig{Resource::energy, Window::month, 1.8e7, 0.5}));
  EXPECT_EQ(g.tenants[0].budgets[1], (BudgetConfig{Resource::carbon, Window::day, 2000, 0.8}));
  EXPECT_EQ(g.tenants[0].budgets[2], (BudgetConfig{Resource::money, Window::total, 12.5, 0.8}));
  EXPECT_EQ(g.keys[0].id, "laptop");
  EXPECT_EQ(to_string(*g.keys[0].expires), "2027-01-01T00:00:00Z");
  EXPECT_EQ(g.prices[0].usd_per_kwh, 0.25);
  EXPECT_EQ(g.queues[0].longest_wait.base(), 2);
  EXPECT_EQ(g.admin.api_key.reveal(), "adm1n-s3cret");
  EXPECT_FALSE(Config{}.governance.active());
}

TEST(GovernanceConfig, EveryFaultIsTold) {
  EXPECT_EQ(faults(tenant + key), "");
  EXPECT_THAT(faults("[[tenant]]\n"), HasSubstr("name' is missing"));
  EXPECT_THAT(faults("[[tenant]]\nname = \"a b\"\n"), HasSubstr("is no name"));
  EXPECT_THAT(faults(tenant + tenant), HasSubstr("'lab' is there twice"));
  EXPECT_THAT(faults(tenant + "requests_per_minute = -1\n"), HasSubstr("requests_per_minute"));
  EXPECT_THAT(faults(tenant + "request_per_minute = 1\n"), HasSubstr("did you mean 'requests_per_minute'"));
  EXPECT_THAT(faults(tenant + "[[tenant.budget]]\nper = \"day\"\n"), HasSubstr("exactly one is needed, found 0"));
  EXPECT_THAT(faults(tenant + "[[tenant.budget]]\nenergy = 1\nusd = 1\n"), HasSubstr("found 2"));
  EXPECT_THAT(faults(tenant + "[[tenant.budget]]\nenergy = \"5 kg\"\n"), HasSubstr("energy"));
  EXPECT_THAT(faults(tenant + "[[tenant.budget]]\nenergy = 1\n[[tenant.budget]]\nenergy = 2\n"),
              HasSubstr("two for energy per month"));
  EXPECT_THAT(faults(tenant + "[[tenant.budget]]\nenergy = 1\nper = \"week\"\n"), HasSubstr("hour, day, month, total"));
  EXPECT_THAT(faults(key), HasSubstr("unknown tenant 'lab'"));
  EXPECT_THAT(faults(tenant + key + key), HasSubstr("is there twice"));
  EXPECT_THAT(faults(tenant + key + "id = \"a\"\n" + key + "id = \"b\"\n"), HasSubstr("the same as that at"));
  EXPECT_THAT(faults(tenant + key + "id = \"server\"\n"), HasSubstr("server.api_key_env"));
  EXPECT_THAT(faults(tenant + key + "expires = \"soon\"\n"), HasSubstr("soon"));
  EXPECT_THAT(faults("[[queue]]\nmodels = [\"a\"]\n"), HasSubstr("concurrent"));
  EXPECT_THAT(faults("[[queue]]\nconcurrent = 0\n"), HasSubstr("concurrent"));
  EXPECT_THAT(faults("[admin]\nlisten = \"127.0.0.1:1\"\n"), HasSubstr("api_key_env"));
  EXPECT_THAT(faults("[admin]\napi_key_env = \"ADMIN_KEY\"\n"), HasSubstr("listen"));
  EXPECT_THAT(faults("[admin]\nlisten = \"127.0.0.1:8080\"\napi_key_env = \"ADMIN_KEY\"\n"),
              HasSubstr("port of its own"));
  EXPECT_EQ(faults("[server]\nlisten = \"0.0.0.0:80\"\n" + tenant + key), "");  // keys of tenants protect it too
}

TEST(GovernanceConfig, AKeyInAFileIsAFaultThatDoesNotShowIt) {
  for (const char* line : {"key = \"wl_s3cret\"\n", "api_key = \"wl_s3cret\"\n", "sha256 = \"wl_s3cret\"\n",
                           "id = \"wl_s3cret hello\"\n"}) {
    const auto f = faults(tenant + "[[key]]\ntenant = \"lab\"\n" + line);
    EXPECT_NE(f, "") << line;
    EXPECT_THAT(f, Not(HasSubstr("s3cret"))) << line;
  }
}

TEST(KeysFile, IsKeptWholeAndForItsOwnerOnly) {
  const ::wattline::tests::ScratchDir dir;
  const auto path = (dir.path() / "keys.toml").string();
  EXPECT_TRUE(load_keys_file(path).keys.empty());
  std::vector<Error> none;
  const KeysFile f = read_keys_file(tenant + "weight = 0.1\nmodels = [\"a\\u00e9*\"]\n" + key +
                                        "expires = \"2027-01-01T00:00:00.5Z\"\nrevoked = true\n",
                                    "x", none);
  ASSERT_TRUE(none.empty()) << none[0].what();
  save_keys_file(path, f);
  save_keys_file(path, f);
  const KeysFile again = load_keys_file(path);
  EXPECT_EQ(keys_file_text(again), keys_file_text(f));
  EXPECT_EQ(again.tenants[0].weight, 0.1);
  EXPECT_EQ(again.keys[0].expires, f.keys[0].expires);
  EXPECT_TRUE(again.keys[0].revoked);
  std::filesystem::permissions(path, std::filesystem::perms::others_write, std::filesystem::perm_options::add);
  EXPECT_THROW(load_keys_file(path), Error);
  EXPECT_THROW(load_keys_file(dir.path().string()), Error);
  EXPECT_THROW(save_keys_file("/nonexistent/keys.toml", f), Error);
  std::ofstream(path) << "[[key]]\n";
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  EXPECT_THROW(load_keys_file(path), Error);
}

TEST(KeysFile, WinsOverTheConfiguration) {
  GovernanceConfig c;
  std::vector<Error> none;
  const KeysFile of_config =
      read_keys_file(tenant + "weight = 1\n[[tenant]]\nname = \"shop\"\n" + key + "id = \"a\"\n", "x", none);
  c.tenants = of_config.tenants;
  c.keys = of_config.keys;
  const KeysFile all =
      merged(c, read_keys_file(tenant + "weight = 7\n" + key + "id = \"a\"\nrevoked = true\n", "y", none));
  ASSERT_EQ(all.tenants.size(), 2u);
  ASSERT_EQ(all.keys.size(), 1u);
  EXPECT_TRUE(all.keys[0].revoked);
  for (const auto& t : all.tenants) EXPECT_EQ(t.weight, t.name == "lab" ? 7 : 1);
}

TEST(KeyCommand, MakesWhatTheConfigurationTakes) {
  Context context;
  KeyOptions o;
  o.tenant = "lab";
  o.models = {"llama-*"};
  o.expires = "2027-01-01";
  const Result r = make_key(o, context);
  const auto* t = r.find_table("serve.key.v1");
  const std::string made = t->column("key").texts()[0];
  const std::string text = to_text(r);
  EXPECT_THAT(text, HasSubstr("[[key]]"));
  EXPECT_THAT(text, HasSubstr(made));  // on one line
  EXPECT_THAT(text, HasSubstr(to_hex(sha256(made))));
  EXPECT_NE(make_key(o, context).find_table("serve.key.v1")->column("key").texts()[0], made);
  o.tenant = "a b";
  EXPECT_THROW(make_key(o, context), Error);
}

}  // namespace
}  // namespace wattline::serve
