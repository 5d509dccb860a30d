#include "policy/plugins/answer_checks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/plugins/plugins_testing.h"

namespace wattline::policy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

AnswerCheckOptions all_on() {
  AnswerCheckOptions o;
  o.on.fill(true);
  return o;
}

std::vector<std::string> found(std::string_view text, const AnswerContext& c = {}, std::string_view finish = "stop",
                               bool tools = false) {
  std::vector<std::string> out;
  for (const auto& f : check_answer({text, finish, tools, false}, c, all_on())) out.emplace_back(to_string(f.check));
  return out;
}

TEST(AnswerChecks, FindWhatShows) {
  EXPECT_THAT(found(""), ElementsAre("empty"));
  EXPECT_THAT(found(" \n "), ElementsAre("empty"));
  EXPECT_THAT(found("I'm sorry, but I cannot help with that."), ElementsAre("refusal"));
  EXPECT_THAT(found("As an AI language model, I have no opinions."), ElementsAre("refusal"));
  EXPECT_THAT(found("It rained on Monday and", {}, "length"), ElementsAre("truncated"));
  std::string loop = "The answer is this: ";
  for (int i = 0; i < 12; ++i) loop += "and then we go on to the next step ";
  EXPECT_THAT(found(loop), ElementsAre("repetition"));
}

// A detector that always fires would find something here.
TEST(AnswerChecks, FindNothingInGoodAnswers) {
  EXPECT_THAT(found("Paris is the capital of France."), IsEmpty());
  EXPECT_THAT(found("No, that cannot be done with a regular expression, because brackets nest."), IsEmpty());
  EXPECT_THAT(found("", {}, "tool_calls", true), IsEmpty());
  EXPECT_THAT(found("1. Sow. 2. Water. 3. Wait. 4. Weed. 5. Harvest. 6. Eat."), IsEmpty());
  EXPECT_THAT(found("Tomatoes need sun. Tomatoes need water. Tomatoes need time, and above all they need care."),
              IsEmpty());
}

TEST(AnswerChecks, JsonWhereItIsWanted) {
  Draft d = tests::draft({{Role::user, "List them"}});
  d.members.push_back({"response_format", R"({"type":"json_object"})", DraftMember::State::kept});
  const auto c = answer_context(d, all_on());
  EXPECT_TRUE(c.wants_json);
  EXPECT_THAT(found(R"({"a":[1,2]})", c), IsEmpty());
  EXPECT_THAT(found("[1, 2]\n", c), IsEmpty());
  for (const char* bad : {"Here it is: {}", "```json\n{}\n```", "{\"a\":1", "42"})
    EXPECT_THAT(found(bad, c), ElementsAre("json")) << bad;
  EXPECT_THAT(found("not JSON"), IsEmpty()) << "where nobody asked for it";
  AnswerCheckOptions wanted;
  wanted.wants_json = true;
  EXPECT_TRUE(answer_context(tests::draft({{Role::user, "x"}}), wanted).wants_json);
  EXPECT_TRUE(check_answer({"{\"a\":", "stop", false, true}, c, all_on()).empty()) << "the beginning alone";
}

TEST(AnswerChecks, AnotherLanguage) {
  AnswerContext c;
  c.query = "What is the best way to prepare for a long winter in the mountains?";
  EXPECT_THAT(found("Man sollte rechtzeitig Holz hacken, Vorräte anlegen und die Fenster gut abdichten lassen.", c),
              ElementsAre("language"));
  EXPECT_THAT(found("One should chop wood in time, lay in supplies and have the windows sealed well.", c), IsEmpty());
  c.query = "ok?";
  EXPECT_THAT(found("Man sollte rechtzeitig Holz hacken, Vorräte anlegen und die Fenster gut abdichten lassen.", c),
              IsEmpty());
}

TEST(AnswerChecks, NumbersThatStandNowhere) {
  Draft d =
      tests::draft({{Role::user, "How tall is it, and since when?"},
                    {Role::tool, "The tower was completed in 1889. It is 330 metres tall and cost 7,799,401 francs."}});
  const auto c = answer_context(d, all_on());
  EXPECT_THAT(found("It is 330.0 metres tall, from 1889, and cost 7799401 francs, in 3 steps.", c), IsEmpty());
  EXPECT_THAT(found("It is 324 metres tall.", c), ElementsAre("numbers"));
  const Draft plain = tests::draft({{Role::user, "How tall is it?"}});
  EXPECT_THAT(found("It is 324 metres tall.", answer_context(plain, all_on())), IsEmpty()) << "nothing to answer from";
}

TEST(AnswerChecks, NumbersHaveOneForm) {
  EXPECT_THAT(numbers_in("1,234.50 and 1234.5, 0042, 3.0; 12 or 13; 1,23"),
              ElementsAre("1234.5", "1234.5", "42", "13", "23"));
  EXPECT_THAT(numbers_in("0.50 00.5 1.2.3 1e9 0 000 7."), ElementsAre("0.5", "0.5", "1.2"));
  EXPECT_THAT(numbers_in(""), IsEmpty());
}

TEST(AnswerChecks, RepetitionNeedsThreeTimes) {
  EXPECT_EQ(repeated_share("a b c d e f g h i j k l m n"), 0);
  const std::string once = "we go on to the next step now ";
  EXPECT_EQ(repeated_share(once + once), 0);
  EXPECT_GT(repeated_share(once + once + once), 0.5);
}

TEST(AnswerChecks, AreReadFromAPolicy) {
  std::vector<Finding> f;
  const Json fields = parse_json(R"({"checks":["json","lenght"],"action":"block"})");
  Settings s(fields, "t", "p:1", f);
  const auto o = AnswerCheckOptions::read(s);
  EXPECT_EQ(o.action, AnswerCheckOptions::Action::block);
  EXPECT_TRUE(o.on[static_cast<std::size_t>(AnswerCheck::json)]);
  EXPECT_FALSE(o.on[static_cast<std::size_t>(AnswerCheck::empty)]);
  ASSERT_EQ(f.size(), 1u);
  EXPECT_EQ(f[0].code, "unknown-value");
  EXPECT_EQ(f[0].where, "p:1");
}

}  // namespace
}  // namespace wattline::policy
