#include "meter/attribution/sharing.h"

#include <map>
#include <random>

#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

class MadeUp : public EventCounts {
 public:
  explicit MadeUp(std::map<int, EventDelta>& of) : of_(of) {}
  std::optional<EventDelta> since_last(int pid) override {
    const auto it = of_.find(pid);
    return it == of_.end() ? std::nullopt : std::optional(it->second);
  }
  void forget(int pid) override { of_.erase(pid); }

 private:
  std::map<int, EventDelta>& of_;
};

TEST(Sharing, ByTimeWhereNothingElseIsWantedOrThere) {
  WorkWeights::Weighed out;
  WorkWeights time(Sharing::cpu_time, nullptr, "");
  time.weigh({{1, 10, 2}, {2, 11, 1}}, 0.5, 7, 1, out);
  ASSERT_EQ(out.work.size(), 2u);
  EXPECT_EQ(out.work[0].amount, 2);
  EXPECT_EQ(out.unseen, 0.5);
  EXPECT_EQ(time.how(), "share of CPU time");
  EXPECT_EQ(time.trouble(), "");
  WorkWeights none(Sharing::cycles, nullptr, "a virtual machine");
  none.weigh({{1, 10, 2}}, 0, 7, 1, out);
  EXPECT_EQ(out.work[0].amount, 2);
  EXPECT_NE(none.trouble().find("a virtual machine"), std::string::npos);
}

TEST(Sharing, ByCyclesAndWhoIsNotCountedAsTheMean) {
  std::map<int, EventDelta> events = {{10, {4e9, 0}}, {11, {1e9, 0}}};
  WorkWeights cycles(Sharing::cycles, std::make_unique<MadeUp>(events), "");
  WorkWeights::Weighed out;
  cycles.weigh({{1, 10, 1}, {2, 11, 1}, {3, 0, 2}}, 1, -1, 1, out);
  EXPECT_EQ(out.work[0].amount, 4e9);
  EXPECT_EQ(out.work[1].amount, 1e9);
  EXPECT_EQ(out.work[2].amount, 5e9);
  EXPECT_EQ(out.unseen, 2.5e9);
  EXPECT_EQ(cycles.how(), "share of cycles");
  events.clear();
  cycles.weigh({{1, 10, 1}}, 0, -1, 1, out);
  EXPECT_EQ(out.work[0].amount, 1);
  EXPECT_EQ(cycles.how(), "share of CPU time");
}

TEST(Sharing, ByRegressionEqualTimesOfUnequalPowerGetTheirOwn) {
  std::map<int, EventDelta> events;
  WorkWeights regression(Sharing::regression, std::make_unique<MadeUp>(events), "");
  WorkWeights::Weighed out;
  std::mt19937 random(1);
  std::uniform_real_distribution<double> part(0.01, 1);
  for (int i = 0; i < 100; ++i) {
    const double spin = part(random), walk = part(random);
    events[10] = {3e9 * spin, 0};
    events[11] = {3e9 * walk, 2e7 * walk};
    regression.weigh({{1, 10, spin}, {2, 11, walk}}, 0, 10 * spin + 25 * walk, 1, out);
  }
  EXPECT_EQ(regression.factor(), "");
  EXPECT_LT(regression.fit_spread(), 0.1);
  events[10] = {1.5e9, 0};
  events[11] = {1.5e9, 1e7};
  regression.weigh({{1, 10, 0.5}, {2, 11, 0.5}}, 0, 17.5, 1, out);
  EXPECT_NEAR(out.work[0].amount / (out.work[0].amount + out.work[1].amount), 10.0 / 35, 0.02);
}

TEST(Sharing, WithoutACounterRegressionIsByCycles) {
  std::map<int, EventDelta> events = {{10, {4e9, 0}}};
  WorkWeights regression(Sharing::regression, std::make_unique<MadeUp>(events), "");
  WorkWeights::Weighed out;
  for (int i = 0; i < 100; ++i) regression.weigh({{1, 10, 1}}, 0, -1, 1, out);
  EXPECT_EQ(regression.how(), "share of cycles");
}

}  // namespace
}  // namespace wattline::meter
