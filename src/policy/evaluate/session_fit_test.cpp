#include "policy/evaluate/session_fit.h"

#include <fstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/command_testing.h"
#include "kernel/testing.h"

namespace wattline::policy {
namespace {

using ::testing::HasSubstr;

// Conversations of `turns` turns; the small model is right in the first two and wrong after them, the large one always.
FeedbackLog logged(int conversations, int turns) {
  FeedbackLog log;
  for (int c = 0; c < conversations; ++c)
    for (int t = 0; t < turns; ++t) {
      LoggedVerdict v;
      const bool small = (c * 7 + t * 3) % 5 < 2;
      v.candidates = {{"small", 0.9, 10, true}, {"large", 0.95, 100, true}};
      v.chosen = small ? 0 : 1;
      v.quality = small ? t < 2 : 1;
      v.energy = small ? 10 : 100;
      v.propensity = 0.5;
      v.router = "auto";
      v.conversation = fmt::format("{:04}", c);
      v.turn = t;
      log.verdicts.push_back(v);
    }
  return log;
}

TEST(SessionFit, LearnsInWhichTurnASmallModelWillDo) {
  const auto log = logged(200, 6);
  const auto selector = make_selector("conservative_q", Json::Object{{"epsilon", 0.0}}, "test");
  selector->restore(fit_conservative_q(turns_of(log.verdicts, 0.5)));
  const auto choice_at = [&](int turn) {
    LoggedVerdict v = log.verdicts[0];
    v.turn = turn;
    const auto predictions = predictions_of(v);
    std::vector<double> scores(2), chances(2);
    selector->weigh(predictions, situation_of(v), scores, chances);
    return chances[0] > chances[1] ? "small" : "large";
  };
  EXPECT_STREQ(choice_at(0), "small");
  EXPECT_STREQ(choice_at(5), "large");
}

TEST(SessionFit, TurnsFollowOneAnotherWithinTheirConversation) {
  auto log = logged(3, 3);
  // As verdicts come in: conversations mixed, turns not in order.
  std::swap(log.verdicts[0], log.verdicts[8]);
  std::swap(log.verdicts[1], log.verdicts[4]);
  const auto turns = turns_of(log.verdicts, 0);
  ASSERT_EQ(turns.size(), 9u);
  for (std::size_t i = 0; i < 9; ++i) {
    EXPECT_DOUBLE_EQ(turns[i].features[1], static_cast<double>(i % 3) / 8);
    EXPECT_EQ(turns[i].last, i % 3 == 2);
  }
}

TEST(SessionFit, ALogOfSeveralDecisionsHasToBeToldWhich) {
  wattline::tests::ScratchDir folder;
  Context context;
  const auto line = [](const char* router, bool conversation) {
    return fmt::format(R"({{"quality":1,"model":"a","energy_j":1,"router":"{}","decision":"d","propensity":1,)"
                       R"("candidates":[{{"model":"a"}},{{"model":"b"}}]{}}})"
                       "\n",
                       router, conversation ? R"(,"seen":{"conversation":"c","turn":0,"prompt_tokens":3})" : "");
  };
  const auto fault = [&](const std::string& content) {
    const auto file = folder.path() / "log.jsonl";
    std::ofstream(file) << content;
    return wattline::tests::message_of(
        [&] { wattline::tests::run_command(session_fit_capability(), {file.string()}, context); });
  };
  EXPECT_THAT(fault(line("x", true) + line("y", true)), HasSubstr("several decisions"));
  EXPECT_THAT(fault(line("x", false)), HasSubstr("no verdict tells its conversation"));
}

}  // namespace
}  // namespace wattline::policy
