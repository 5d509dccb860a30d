#include "policy/adapt/adaptation_study.h"

#include <fstream>

#include <gtest/gtest.h>

#include "kernel/command_testing.h"
#include "kernel/testing.h"

namespace wattline::policy {
namespace {

TEST(AdaptationStudyTest, StrictUsersGetTheLargeModelMoreOftenAndAreContent) {
  const auto o = simulate_adaptation({}, 7);
  ASSERT_EQ(o.groups.size(), 3u);
  const auto &usual = o.groups[0], &strict = o.groups[1], &lenient = o.groups[2];
  EXPECT_LT(strict.small_before, usual.small_before - 0.05);
  EXPECT_GT(lenient.small_before, usual.small_before + 0.05);
  // And the other way round after their change of mind.
  EXPECT_GT(strict.small_after, strict.small_before);
  EXPECT_LT(lenient.small_after, usual.small_after);
  for (const double lag : o.lag) EXPECT_GE(lag, 1);
  EXPECT_EQ(o.moved_by_one, 0);
}

TEST(AdaptationStudyTest, WithoutVerdictsNothingChanges) {
  AdaptationWorld w;
  w.rated = 0, w.explore = 0;
  for (const auto& g : simulate_adaptation(w, 7).groups) {
    EXPECT_EQ(g.content, g.content_without);
    EXPECT_EQ(g.energy, g.energy_without);
  }
}

TEST(AdaptationStudyTest, AFileIsSeenAndErased) {
  const ::wattline::tests::ScratchDir dir;
  const std::string file = (dir.path() / "users.json").string();
  UserAdaptation users;
  users.learn("ann", "chat", 0, 0.9, Time::now());
  users.learn("bob", "chat", 1, 0.9, Time::now());
  std::ofstream(file) << users.state().dump();
  Context context;
  const auto run = [&](std::vector<std::string> words) {
    return tests::run_command(adaptation_capability(), words, context);
  };
  EXPECT_EQ(run({file}).find_table("policy.users.v1")->rows(), 2u);
  EXPECT_EQ(run({file, "--erase", "ann"}).find_table("policy.users.v1")->rows(), 1u);
  EXPECT_EQ(run({file}).find_table("policy.users.v1")->column("user").texts()[0], "bob");
  EXPECT_NE(tests::message_of([&] { run({file, "--erase", "ann"}); }).find("nothing is known"), std::string::npos);
  std::ofstream(file) << "{}";
  EXPECT_NE(tests::message_of([&] { run({file}); }).find("users.json"), std::string::npos);
}

}  // namespace
}  // namespace wattline::policy
