#include "policy/plugins/plugin_set.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/check/check.h"
#include "policy/language/language.h"
#include "policy/plugins/plugins_testing.h"

namespace wattline::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using tests::draft;
using tests::shown;

Policy policy_of(std::string_view plugins, std::string_view more = "") {
  return read_policy(
             fmt::format("[[model]]\nname = \"m\"\n{}\n[[decision]]\nname = \"d\"\nmodels = [\"m\"]\nplugins = [{}]\n",
                         more, plugins),
             "p.toml", Language::toml)
      .main;
}

PluginSet set_of(std::string_view plugins, std::string_view more = "") {
  std::vector<Finding> f;
  const Policy p = policy_of(plugins, more);
  PluginSet out = read_plugins(p, p.decisions[0], f);
  for (const auto& one : f) ADD_FAILURE() << one.code << " " << one.where << ": " << one.message;
  return out;
}

std::vector<std::string> codes_of(std::string_view plugins) {
  std::vector<Finding> f;
  const Policy p = policy_of(plugins);
  read_plugins(p, p.decisions[0], f);
  std::vector<std::string> out;
  for (const auto& one : f) {
    out.push_back(one.code);
    EXPECT_THAT(one.where, HasSubstr("p.toml:")) << one.message;
    EXPECT_THAT(one.message, HasSubstr("'d'"));
  }
  return out;
}

std::string run(std::string_view plugins, Draft d) {
  const PluginSet set = set_of(plugins);
  PluginRun r(set);
  r.on_request(d, {});
  return shown(d);
}

TEST(Plugins, TheSystemPromptIsInsertedAppendedOrTheOnlyOne) {
  const auto ask = [](bool with) {
    Draft d = draft({{Role::user, "Hi"}, {Role::system, "late"}});
    if (with) d.messages.insert(d.messages.begin(), tests::said(Role::system, "Own."));
    else d.messages.pop_back();
    return d;
  };
  const auto plugin = [](std::string mode) {
    return "{ use = \"system_prompt\", system_prompt = \"Be brief.\", mode = \"" + mode + "\" }";
  };
  EXPECT_EQ(run(plugin("insert"), ask(true)), "system: Be brief.\n\nOwn.|user: Hi|system: late");
  EXPECT_EQ(run(plugin("append"), ask(true)), "system: Own.|user: Hi|system: late\n\nBe brief.");
  EXPECT_EQ(run(plugin("replace"), ask(true)), "system: Be brief.|user: Hi") << "no other instruction stays";
  for (const char* mode : {"insert", "append", "replace"})
    EXPECT_EQ(run(plugin(mode), ask(false)), "system: Be brief.|user: Hi") << mode;
}

std::string members(std::string_view plugins, std::vector<std::pair<std::string, std::string>> given) {
  const PluginSet set = set_of(plugins);
  Draft d = draft({{Role::user, "Hi"}});
  for (auto& [name, value] : given) d.members.push_back({name, value, DraftMember::State::kept});
  PluginRun r(set);
  r.on_request(d, {});
  std::string out;
  for (const auto& m : d.members)
    if (m.state != DraftMember::State::dropped) out += m.name + "=" + m.value + " ";
  return out;
}

TEST(Plugins, ParametersAreTakenOutCappedAndFilledIn) {
  EXPECT_EQ(members("{ use = \"request_params\", blocked_params = [\"logit_bias\", \"seed\"] }",
                    {{"model", "\"m\""}, {"logit_bias", "{}"}, {"seed", "1"}, {"seed", "2"}, {"top_p", "1"}}),
            "model=\"m\" top_p=1 ");
  EXPECT_EQ(members("{ use = \"request_params\", strip_unknown = true }",
                    {{"model", "\"m\""}, {"x_new", "1"}, {"temperature", "0"}}),
            "model=\"m\" temperature=0 ");
  const char* limits = "{ use = \"request_params\", max_tokens_limit = 100, max_n = 2 }";
  EXPECT_EQ(members(limits, {{"max_tokens", "5000"}, {"n", "9"}}), "max_tokens=100 n=2 ");
  EXPECT_EQ(members(limits, {{"max_completion_tokens", "50"}}), "max_completion_tokens=50 ");
  EXPECT_EQ(members(limits, {{"max_tokens", "1e400"}}), "max_tokens=100 ");
  EXPECT_EQ(members(limits, {{"max_tokens", "-5"}}), "max_tokens=-5 ") << "what is wrong is the model's to refuse";
  EXPECT_EQ(members(limits, {{"max_tokens", "9"}, {"max_tokens", "900"}}), "max_tokens=9 max_tokens=100 ");
  EXPECT_EQ(members(limits, {}), "max_tokens=100 ");
  EXPECT_EQ(members("{ use = \"request_params\", default_max_tokens = 64 }", {{"max_tokens", "null"}}),
            "max_tokens=64 ");
  EXPECT_EQ(members("{ use = \"request_params\", default_max_tokens = 64 }", {{"max_tokens", "900"}}),
            "max_tokens=900 ");
}

TEST(Plugins, WhatTheyDidIsToldWithoutWhatWasSaid) {
  const PluginSet set = set_of(
      "{ use = \"redaction\" }, { use = \"answer_checks\" }, { use = \"request_params\", strip_unknown = true }, "
      "{ use = \"header_mutation\", add = [{ name = \"X-Lane\", value = \"secret-lane\" }], delete = [\"traceparent\"] "
      "}");
  Draft d = draft({{Role::user, "I am ada@example.org"}});
  d.members.push_back({"ada@example.org", "1", DraftMember::State::kept});
  PluginRun r(set);
  r.on_request(d, {});
  r.check({"", "stop", false, false});
  std::string told;
  std::vector<std::string> order;
  for (const auto& e : r.effects()) {
    told += e.effect + "\n";
    order.emplace_back(to_string(e.kind));
  }
  EXPECT_THAT(order, ElementsAre("request_params", "header_mutation", "redaction", "answer_checks"));
  EXPECT_THAT(told, HasSubstr("1 EMAIL_ADDRESS"));
  EXPECT_THAT(told, HasSubstr("1 unknown taken out"));
  EXPECT_THAT(told, HasSubstr("-traceparent, x-lane"));
  EXPECT_THAT(told, HasSubstr("empty: no text"));
  EXPECT_THAT(told, Not(HasSubstr("ada")));
  EXPECT_THAT(told, Not(HasSubstr("secret-lane")));
}

// Whatever order a policy names them in: what memory adds is redacted too, and a system prompt is not shortened.
TEST(Plugins, WorkInTheirOrder) {
  MemoryStore memory;
  memory.keep("lab/ada", "Q: who prunes our tomatoes?\nA: Write to gardener@example.org\n", Time{1});
  const PluginSet set =
      set_of("{ use = \"redaction\" }, { use = \"memory\" }, { use = \"system_prompt\", system_prompt = \"S\" }");
  PluginRun r(set);
  Draft d = draft({{Role::user, "Who prunes tomatoes?"}});
  PluginPlace place;
  place.owner = "lab/ada";
  place.now = Time{2};
  place.memory = &memory;
  r.on_request(d, place);
  EXPECT_THAT(shown(d), HasSubstr("Write to [EMAIL_ADDRESS_1]"));
  EXPECT_TRUE(r.personal());
  EXPECT_THAT(d.messages[0].texts[0].text, "S");
  PluginRun nobody(set);
  Draft again = draft({{Role::user, "Who prunes tomatoes?"}});
  place.owner = {};
  nobody.on_request(again, place);
  EXPECT_EQ(shown(again), "system: S|user: Who prunes tomatoes?");
  EXPECT_FALSE(nobody.personal());
}

TEST(Plugins, MemoryKeepsAnsweredConversationsWithoutPersonalData) {
  MemoryStore memory;
  PluginPlace place;
  place.owner = "lab/ada";
  place.now = Time{1};
  place.memory = &memory;
  const PluginSet set = set_of("{ use = \"memory\", every_turns = 1 }, { use = \"redaction\" }");
  PluginRun r(set);
  Draft d = draft({{Role::user, "How should I water tomatoes? I am ada@example.org"}});
  r.on_request(d, place);
  r.remember("Dear [EMAIL_ADDRESS_1], water them early in the morning.", place);
  const auto kept = memory.list("lab/ada", place.now);
  ASSERT_EQ(kept.size(), 1u);
  EXPECT_THAT(kept[0].text, HasSubstr("early in the morning"));
  EXPECT_THAT(kept[0].text, Not(HasSubstr("ada@")));
  // An answer that failed its checks is nothing to remember.
  const PluginSet checked = set_of("{ use = \"memory\", every_turns = 1 }, { use = \"answer_checks\" }");
  PluginRun bad(checked);
  Draft other = draft({{Role::user, "What else do the tomatoes in my garden need?"}});
  bad.on_request(other, place);
  const std::string_view refusal = "I'm sorry, but I cannot help with gardens at all.";
  bad.check({refusal, "stop", false, false});
  bad.remember(refusal, place);
  EXPECT_EQ(memory.list("lab/ada", place.now).size(), 1u);
}

TEST(Plugins, NamedOnesAreSharedAndOverridden) {
  const std::string named =
      "[[plugin]]\nname = \"brief\"\ntype = \"system_prompt\"\nsystem_prompt = \"Be brief.\"\nmode = \"append\"\n";
  EXPECT_EQ(set_of("\"brief\"", named).system_prompt->mode, SystemPrompt::Mode::append);
  const auto over = set_of("{ use = \"brief\", mode = \"replace\" }", named);
  EXPECT_EQ(over.system_prompt->mode, SystemPrompt::Mode::replace);
  EXPECT_EQ(over.system_prompt->text, "Be brief.");
  EXPECT_TRUE(set_of("{ use = \"brief\", enabled = false }", named).empty());
}

TEST(Plugins, FaultsAreFoundWithTheirPlace) {
  EXPECT_THAT(codes_of("\"system_prompt\""), ElementsAre("missing-field"));
  EXPECT_THAT(codes_of("{ use = \"system_prompt\", system_prompt = \"x\", mode = \"prepend\" }"),
              ElementsAre("unknown-value"));
  EXPECT_THAT(codes_of("{ use = \"system_prompt\", system_promt = \"x\" }"),
              ElementsAre("missing-field", "unknown-field"));
  EXPECT_THAT(codes_of("{ use = \"request_params\", blocked_params = [\"messages\"] }"),
              ElementsAre("needed-parameter"));
  EXPECT_THAT(codes_of("{ use = \"request_params\", max_tokens_limit = 0 }"), ElementsAre("out-of-range"));
  EXPECT_THAT(codes_of("{ use = \"request_params\", max_tokens_limit = 5, default_max_tokens = 6 }"),
              ElementsAre("out-of-range"));
  for (const char* name : {"Host", "content-length", "Authorization", "x-api-key"})
    EXPECT_THAT(
        codes_of(fmt::format("{{ use = \"header_mutation\", add = [{{ name = \"{}\", value = \"x\" }}] }}", name)),
        ElementsAre("own-header"));
  EXPECT_THAT(codes_of("{ use = \"header_mutation\", add = [{ name = \"a b\", value = \"x\" }] }"),
              ElementsAre("bad-header"));
  EXPECT_THAT(codes_of("{ use = \"header_mutation\", add = [{ name = \"x-a\", value = \"x\\r\\nhost: y\" }] }"),
              ElementsAre("bad-header"));
  EXPECT_THAT(codes_of("{ use = \"redaction\", types = [\"EMAIL\"] }"), ElementsAre("unknown-value"));
  EXPECT_THAT(codes_of("{ use = \"context_compression\", targets = { tool_outputs = { target_tokens = 5000 } } }"),
              ElementsAre("out-of-range"));
  EXPECT_THAT(codes_of("{ use = \"memory\", every_turns = \"three\" }"), ElementsAre("wrong-type"));
  EXPECT_THAT(codes_of("{ use = \"fast_response\", message = \"\" }"), ElementsAre("missing-field"));
  EXPECT_THAT(codes_of("{ use = \"fast_response\", message = \"no\" }, \"memory\""), ElementsAre("plugin-never-runs"));
  EXPECT_THAT(codes_of("\"memory\", { use = \"memory\" }"), ElementsAre("plugin-twice"));
  // What is at fault is not used, so that no half of it works.
  std::vector<Finding> f;
  const Policy p = policy_of("{ use = \"redaction\", types = [\"EMAIL\"] }");
  EXPECT_FALSE(read_plugins(p, p.decisions[0], f).redaction);
}

TEST(Plugins, TheOtherLanguagesSayTheSame) {
  const Document yaml = read_policy(
      "routing:\n  decisions:\n  - name: d\n    modelRefs: [{model: m}]\n    plugins:\n"
      "    - type: system_prompt\n      configuration: {mode: insert, system_prompt: Be brief.}\n"
      "    - type: header_mutation\n      configuration: {add: [{name: X-A, value: b}]}\n"
      "    - type: context-compression\n      configuration: {enabled: true, targets: {tool_outputs: {mode: "
      "extractive, "
      "min_tokens: 300, target_tokens: 100}}, recovery: {ttl_seconds: 60}}\n",
      "c.yaml", Language::yaml);
  std::vector<Finding> f;
  const auto set = read_plugins(yaml.main, yaml.main.decisions[0], f);
  EXPECT_TRUE(f.empty()) << f[0].message;
  EXPECT_EQ(set.system_prompt->text, "Be brief.");
  EXPECT_EQ(set.header_mutation->set[0].first, "x-a");
  EXPECT_EQ(set.context_compression->tool_outputs.min_tokens, 300u);
  EXPECT_EQ(set.context_compression->ttl_s, 60);
  const Document dsl =
      read_policy("ROUTE d { MODEL \"m\" PLUGIN fast_response { message: \"No.\" } }", "p.dsl", Language::dsl);
  EXPECT_EQ(read_plugins(dsl.main, dsl.main.decisions[0], f).fast_response->message, "No.");
}

TEST(Plugins, TheCheckTellsThem) {
  const auto found = [](std::string_view dsl) {
    std::vector<std::string> out;
    for (const auto& x : check(read_policy(dsl, "p.dsl", Language::dsl))) out.push_back(x.code);
    return out;
  };
  EXPECT_THAT(found("MODEL m {}\nROUTE d { MODEL \"m\" PLUGIN system_prompt { mode: \"insert\" } }"),
              ElementsAre("missing-field"));
  EXPECT_THAT(found("MODEL m {}\nROUTE d { MODEL \"m\" PLUGIN router_replay { enabled: true } }"),
              ElementsAre("plugin-not-served"));
  EXPECT_THAT(found("MODEL m {}\nROUTE d { MODEL \"m\" PLUGIN router_replay { enabled: false } }"), testing::IsEmpty());
  EXPECT_THAT(found("MODEL m {}\nROUTE d { MODEL \"m\" PLUGIN response_cache { enabled: true } }"), testing::IsEmpty());
}

}  // namespace
}  // namespace wattline::policy
