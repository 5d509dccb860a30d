#include "meter/agent/snapshot_json.h"

#include <cmath>

#include <gtest/gtest.h>

#include "kernel/command_testing.h"
#include "meter/agent/fixture.h"

namespace wattline::meter {
namespace {

std::string told() {
  Publisher p({}, "node7", "run1");
  return snapshot_json(*p.publish(tests::snapshot_at(10), {}, Duration(1)));
}

std::string with(std::string_view from, std::string_view to) {
  std::string text = told();
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

std::string complaint(const std::string& text) {
  return wattline::tests::message_of([&] { parse_snapshot(text, "http://node7"); });
}

TEST(SnapshotJson, ReadsBackWhatItWrote) {
  const Published p = parse_snapshot(told());
  EXPECT_EQ(p.host, "node7");
  EXPECT_EQ(p.instance, "run1");
  EXPECT_EQ(p.version, 1u);
  EXPECT_EQ(p.seen.started.ns, 1'790'000'000'000'000'000);
  EXPECT_EQ(p.seen.covered.base(), 10);
  ASSERT_EQ(p.seen.components.size(), 3u);
  EXPECT_EQ(p.seen.components[0].energy.value().base(), 400);
  EXPECT_NEAR(p.seen.components[0].energy.high().base(), 420, 1);
  EXPECT_NEAR(p.seen.components[0].energy.low().base(), tests::snapshot_at(10).components[0].energy.low().base(), 1e-6);
  EXPECT_EQ(p.seen.components[0].energy.method(), Method::measured);
  EXPECT_FALSE(p.seen.components[2].info.counted);
  EXPECT_EQ(p.seen.domains.at(0).how, "share of CPU time");
  EXPECT_EQ(tests::joules(p.seen, Level::process, "train"), 150);
  EXPECT_EQ(p.seen.consumers[0].pid, 71);
  EXPECT_EQ(p.seen.consumers[0].detail, "5f2c");
}

TEST(SnapshotJson, EveryLevelIsReadBack) {
  auto s = tests::snapshot_at(10);
  s.consumers.clear();
  for (std::size_t i = 0; i < level_count; ++i)
    s.consumers.push_back(tests::consumer(static_cast<Level>(i), "one", 0, 10));
  Publisher p({}, "h", "i");
  const auto out = parse_snapshot(snapshot_json(*p.publish(s, {}, Duration(1))));
  for (std::size_t i = 0; i < level_count; ++i) {
    EXPECT_NE(to_string(static_cast<Level>(i)), "?");
    EXPECT_EQ(tests::joules(out.seen, static_cast<Level>(i), "one"), 10) << to_string(static_cast<Level>(i));
  }
}

TEST(SnapshotJson, APowerThatIsNotKnownStaysUnknown) {
  auto s = tests::snapshot_at(10);
  s.components[1].watts = std::nan("");
  Publisher p({}, "h", "i");
  const auto out = parse_snapshot(snapshot_json(*p.publish(s, {}, Duration(1))));
  EXPECT_TRUE(std::isnan(out.seen.components[1].watts));
}

TEST(SnapshotJson, NamesThatAreNoTextSurvive) {
  auto s = tests::snapshot_at(10);
  s.consumers[0].name = "\xff\"\n";
  Publisher p({}, "h", "i");
  EXPECT_EQ(parse_snapshot(snapshot_json(*p.publish(s, {}, Duration(1)))).seen.consumers[0].name, "\xEF\xBF\xBD\"\n");
}

TEST(SnapshotJson, RefusesWhatIsNotOneAndSaysWhere) {
  EXPECT_NE(complaint("{}").find("http://node7"), std::string::npos);
  EXPECT_NE(complaint("<html>"), "no error");
  EXPECT_NE(complaint(with("agent.snapshot.v1", "agent.snapshot.v9")).find("agent.snapshot.v1"), std::string::npos);
  EXPECT_NE(complaint(with("\"value\":400", "\"value\":-4")).find("components[0]"), std::string::npos);
  EXPECT_NE(complaint(with("\"value\":400", "\"value\":1e300")), "no error");
  EXPECT_NE(complaint(with("\"value\":400", "\"value\":4000")).find("interval"), std::string::npos);
  EXPECT_NE(complaint(with("\"domain\":\"cpu\"", "\"domain\":\"soul\"")).find("soul"), std::string::npos);
  EXPECT_NE(complaint(with("\"cpu\":150", "\"cpu\":-1")).find("consumers[0]"), std::string::npos);
  EXPECT_NE(complaint(with("\"level\":\"process\"", "\"level\":7")), "no error");
}

TEST(SnapshotJson, PassesOverWhatItDoesNotKnow) {
  EXPECT_EQ(complaint(with("\"host\":", "\"mood\":{\"a\":[1]},\"host\":")), "no error");
  EXPECT_EQ(complaint(with("\"level\":\"process\"", "\"level\":\"galaxy\"")), "no error") << "of a later agent";
}

}  // namespace
}  // namespace wattline::meter
