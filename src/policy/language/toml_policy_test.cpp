#include "policy/language/toml_policy.h"

#include <gtest/gtest.h>

#include "policy/language/document_json.h"
#include "policy/language/dsl.h"
#include "policy/language/recipes_testing.h"
#include "policy/language/yaml_policy.h"

namespace wattline::policy {
namespace {

constexpr std::string_view small = R"(version = "v0.3"

[routing]
strategy = "confidence"

[[entry]]
models = ["fast"]
recipe = "speed"

[[model]]
name = "small"
context_window_size = 4096

[[signal]]
type = "keyword"
name = "urgent"
keywords = ["urgent", "asap"]

[[projection]]
kind = "score"
name = "hurry"
inputs = [{ type = "keyword", name = "urgent", weight = 1.0 }]

[[plugin]]
name = "greet"
type = "system_prompt"
mode = "insert"

[[decision]]
name = "fast"
description = "for the hasty"
priority = 10
when = 'keyword("urgent") and not (domain("law") or domain("health"))'
models = ["small", { model = "other", reasoning = true }]
algorithm = { use = "multi_factor", weights = { cost = 1 } }
plugins = ["greet", { use = "response_cache", enabled = true }]
pool = "short"

[[decision]]
name = "rest"
models = ["small"]
algorithm = "static"

[[probe]]
name = "smoke"
query = "this is urgent"
decision = "fast"

[[recipe]]
name = "speed"
description = "the fast one"
[[recipe.signal]]
type = "language"
name = "en"
[[recipe.decision]]
name = "all"
models = ["small"]

[providers]
default = "small"

[[providers.models]]
name = "small"

[providers.models.pricing]
prompt_per_1m = 0.5

[[providers.models]]
name = "other"
)";

Document read(std::string_view text) {
  std::vector<Finding> faults;
  Document d = read_toml_policy(text, "p.toml", faults);
  for (const auto& f : faults) ADD_FAILURE() << f.where << ": " << f.message;
  return d;
}

TEST(TomlPolicy, IsReadIntoADocument) {
  const Document d = read(small);
  EXPECT_EQ(d.main.strategy, Policy::Strategy::confidence);
  ASSERT_EQ(d.main.decisions.size(), 2u);
  const Decision& fast = d.main.decisions[0];
  EXPECT_EQ(fast.where, "p.toml:29");
  EXPECT_EQ(fast.when.kind, Condition::Kind::all);
  EXPECT_EQ(fast.models[1].fields.at("reasoning").as_bool(), true);
  EXPECT_EQ(fast.algorithm->name, "multi_factor");
  EXPECT_EQ(fast.plugins[0].name, "greet");
  EXPECT_EQ(fast.fields.at("pool").as_string(), "short");
  EXPECT_EQ(d.main.probes[0].decision, "fast");
  EXPECT_EQ(d.policy_for("fast").signals[0].type, "language");
  EXPECT_EQ(d.rest.at("providers").at("default").as_string(), "small");
  EXPECT_EQ(d.rest.at("providers").at("models").as_array()[0].at("pricing").at("prompt_per_1m").as_number(), 0.5);
}

TEST(TomlPolicy, WrittenAndReadItIsTheSame) {
  const Document d = read(small);
  EXPECT_EQ(document_json(read(write_toml_policy(d))), document_json(d)) << write_toml_policy(d);
  EXPECT_EQ(write_toml_policy(read(write_toml_policy(d))), write_toml_policy(d));
}

TEST(TomlPolicy, ThroughTheOtherLanguagesNothingIsLost) {
  const Document d = read(small);
  std::vector<Finding> faults;
  EXPECT_EQ(document_json(read_yaml_policy(write_yaml_policy(d), "y", faults), Order::sorted),
            document_json(d, Order::sorted));
  EXPECT_EQ(document_json(read_dsl(write_dsl(d), "d", faults), Order::sorted), document_json(d, Order::sorted));
  EXPECT_TRUE(faults.empty());
}

TEST(TomlPolicy, TheRecipesCanBeWrittenInIt) {
  const auto recipes = tests::recipes();
  if (recipes.empty()) GTEST_SKIP() << "skipped: no shared data";
  for (const auto& r : recipes) {
    std::vector<Finding> faults;
    const Document d = read_yaml_policy(r.yaml, r.name, faults);
    EXPECT_EQ(document_json(read(write_toml_policy(d)), Order::sorted), document_json(d, Order::sorted)) << r.name;
  }
}

TEST(TomlPolicy, FaultsNameTheirPlaceAndAllAreFound) {
  std::vector<Finding> faults;
  read_toml_policy(
      "[[signal]]\n"
      "nam = \"x\"\n"
      "[[projection]]\n"
      "kind = \"sum\"\n"
      "name = \"s\"\n"
      "[[decision]]\n"
      "name = \"a\"\n"
      "when = 'keyword(\"x\"'\n"
      "priority = 1.5\n"
      "models = [1, \"\"]\n"
      "[[decision]]\n"
      "when = true\n"
      "tier = -1\n",
      "p.toml", faults);
  std::vector<std::string> found;
  for (const auto& f : faults) found.push_back(f.where + " " + f.code);
  const std::vector<std::string> expected = {
      "p.toml:1 missing-field", "p.toml:1 missing-field", "p.toml:4 bad-value",      "p.toml:9 wrong-kind",
      "p.toml:8 syntax",        "p.toml:10 wrong-kind",   "p.toml:10 missing-field", "p.toml:11 missing-field",
      "p.toml:13 out-of-range", "p.toml:12 wrong-kind"};
  EXPECT_EQ(found, expected);
  faults.clear();
  read_toml_policy("a = ", "p.toml", faults);
  read_toml_policy("signal = 1\ndecision = [1]\n", "p.toml", faults);
  EXPECT_EQ(faults.size(), 3u);
}

}  // namespace
}  // namespace wattline::policy
