#include "meter/agent/snapshot_report.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "meter/agent/fixture.h"

namespace wattline::meter {
namespace {

// Joules of each level by its rows, and by its row of the total.
struct Sums {
  std::map<std::string, double> rows, totals;
  std::map<std::string, std::size_t> count;
};

Sums sums_of(const Result& r) {
  Sums out;
  const Table& t = *r.find_table("agent.consumers.v1");
  for (std::size_t i = 0; i < t.rows(); ++i) {
    const std::string& level = t.column("level").texts()[i];
    const double joules = t.column("energy").numbers()[i];
    if (t.column("consumer").texts()[i] == "(total)") out.totals[level] = joules;
    else out.rows[level] += joules;
    ++out.count[level];
  }
  return out;
}

Snapshot busy() {
  Snapshot s = tests::snapshot_at(10);
  s.consumers.clear();
  for (int i = 0; i < 50; ++i) s.consumers.push_back(tests::consumer(Level::process, "p", 100 + i, 3));
  for (int i = 0; i < 30; ++i) s.consumers.push_back(tests::consumer(Level::service, "s" + std::to_string(i), 0, 5));
  s.domains[0].unattributed = 50;
  return s;
}

TEST(SnapshotReport, EveryLevelAddsUpHoweverFewAreNamed) {
  for (const std::size_t most : {1, 12, 29, 30, 49, 1000}) {
    const auto sums = sums_of(snapshot_report(busy(), "t", most));
    ASSERT_EQ(sums.totals.size(), 2u);
    for (const auto& [level, total] : sums.totals) {
      EXPECT_NEAR(total, 400, 1e-9);
      EXPECT_NEAR(sums.rows.at(level), total, 1e-9) << level << " of " << most;
    }
    EXPECT_EQ(sums.count.at("process"), std::min<std::size_t>(most, 50) + (most < 50) + 3);
  }
  EXPECT_NE(to_text(snapshot_report(busy(), "t", 12)).find("38 others"), std::string::npos);
}

TEST(SnapshotReport, WhatIsPublishedAddsUpToo) {
  Publisher p({.top = 20, .rounding = Energy(0.1), .kept = Duration(120)}, "h", "i");
  const auto sums = sums_of(snapshot_report(p.publish(busy(), {}, Duration(1))->seen, "t", 1000));
  for (const auto& [level, total] : sums.totals) EXPECT_NEAR(sums.rows.at(level), total, 1e-9) << level;
  const Table t =
      *snapshot_report(p.publish(busy(), {}, Duration(1))->seen, "t", 1000).find_table("agent.consumers.v1");
  for (std::size_t i = 0; i < t.rows(); ++i) {
    if (t.column("consumer").texts()[i] != other_consumers) continue;
    EXPECT_TRUE(std::isnan(t.column("cpu_time").numbers()[i])) << "it is not known, and is not 0";
  }
}

TEST(SnapshotReport, NothingReadIsNoFigure) {
  Snapshot s = tests::snapshot_at(10);
  s.consumers.clear();
  for (auto& c : s.components) {
    c.energy = Estimate<Energy>::with_sd(Energy(0), Energy(0), Method::measured, "rapl");
    c.watts = std::nan("");
    c.missing = s.covered;
    c.trouble = "the counter does not move";
  }
  s.domains[0].energy = s.domains[0].idle = s.components[0].energy;
  s.missing = s.covered;
  s.covered = Duration(0);
  const Result r = snapshot_report(s, "t", 12);
  EXPECT_EQ(r.find_estimate("energy"), nullptr);
  const std::string text = to_text(r);
  EXPECT_EQ(text.find("0 J"), std::string::npos) << text;
  EXPECT_NE(text.find("package-0 is unknown, and is not 0: the counter does not move"), std::string::npos) << text;
  EXPECT_TRUE(std::isnan(r.find_table("agent.components.v1")->column("energy").numbers()[0]));
  EXPECT_EQ(to_text(snapshot_report({}, "t", 12)).find("0 J"), std::string::npos);
}

TEST(SnapshotReport, ACounterThatNeverMovedIsUnknownAndASensorOfZeroIsNot) {
  Snapshot s = tests::snapshot_at(10);
  s.components[1].energy = Estimate<Energy>::with_sd(Energy(0), Energy(0), Method::measured, "rapl");
  s.components[1].info.kind = SourceKind::energy;
  Result r = snapshot_report(s, "t", 12);
  ASSERT_NE(r.find_estimate("energy"), nullptr);
  EXPECT_NE(r.find_estimate("energy")->note.find("dram"), std::string::npos);
  EXPECT_TRUE(std::isnan(r.find_table("agent.components.v1")->column("energy").numbers()[1]));
  s.components[1].info.kind = SourceKind::power;
  r = snapshot_report(s, "t", 12);
  EXPECT_EQ(r.find_table("agent.components.v1")->column("energy").numbers()[1], 0);
}

}  // namespace
}  // namespace wattline::meter
