#include "meter/monitor/processes.h"

#include <gtest/gtest.h>

namespace wattline::meter {
namespace {

Consumer consumer(Level level, const std::string& name, int pid, double joules) {
  Consumer c;
  c.level = level;
  c.name = name;
  c.pid = pid;
  c.cpu_seconds = joules / 10;
  c.joules[0] = joules;
  return c;
}

Snapshot sample() {
  Snapshot s;
  s.covered = Duration(10);
  DomainSeen d;
  d.domain = Domain::cpu;
  d.energy = Estimate<Energy>::exact(Energy(100));
  d.idle = Estimate<Energy>::exact(Energy(40));
  d.unattributed = 5;
  s.domains = {d};
  s.consumers = {consumer(Level::process, "cc1", 10, 20),    consumer(Level::process, "cc1", 11, 15),
                 consumer(Level::process, "ld", 12, 19),     consumer(Level::process, "sh", 13, 1),
                 consumer(Level::process, "sleeper", 14, 0), consumer(Level::user, "ann", 0, 55)};
  return s;
}

double sum_but_total(const Table& t) {
  const auto& joules = t.column("energy").numbers();
  double sum = 0;
  for (std::size_t i = 0; i + 1 < joules.size(); ++i) sum += joules[i];
  return sum;
}

TEST(Processes, RowsAddUpToTheTotal) {
  for (const std::size_t most : {1, 2, 3, 10})
    for (const bool by_name : {false, true})
      for (const Level level : {Level::process, Level::user}) {
        const Table t = consumers_table(sample(), level, most, by_name);
        EXPECT_NEAR(sum_but_total(t), 100, 1e-9);
        EXPECT_EQ(t.column("energy").numbers().back(), 100);
      }
}

TEST(Processes, OfOneNameTogether) {
  const Table t = consumers_table(sample(), Level::process, 10, true);
  EXPECT_EQ(t.column("name").texts()[0], "cc1 (2)");
  EXPECT_EQ(t.column("energy").numbers()[0], 35);
  EXPECT_EQ(t.column("pid").integers()[0], missing_integer);
  EXPECT_EQ(t.column("name").texts()[1], "ld");
  EXPECT_EQ(t.rows(), 6u);  // the sleeper did nothing
}

TEST(Processes, ContainersAreCalledByTheirShortIds) {
  Snapshot s = sample();
  s.consumers.push_back(consumer(Level::container, std::string(64, 'a'), 0, 55));
  EXPECT_EQ(consumers_table(s, Level::container, 5, false).column("name").texts()[0], std::string(12, 'a'));
}

TEST(Processes, WhereNobodyIsOnALevelAllIsOutside) {
  const Table t = consumers_table(sample(), Level::pod, 5, false);
  EXPECT_EQ(t.column("name").texts()[0], "outside");
  EXPECT_NEAR(t.column("energy").numbers()[0], 55, 1e-9);
  EXPECT_NEAR(sum_but_total(t), 100, 1e-9);
}

TEST(Processes, LevelsOfGpusHaveTheirTotalAlone) {
  Snapshot s = sample();
  DomainSeen d;
  d.domain = Domain::gpu;
  d.energy = Estimate<Energy>::exact(Energy(70));
  d.idle = Estimate<Energy>::exact(Energy(30));
  s.domains.push_back(d);
  Consumer train = consumer(Level::gpu_process, "train", 20, 0);
  train.joules[static_cast<std::size_t>(Domain::gpu)] = 40;
  s.consumers.push_back(train);
  const Table t = consumers_table(s, Level::gpu_process, 5, false);
  EXPECT_EQ(t.column("energy").numbers().back(), 70);
  EXPECT_NEAR(sum_but_total(t), 70, 1e-9);
}

TEST(Processes, OfNothingThereIsATotalOfNothing) {
  const Table t = consumers_table({}, Level::process, 5, false);
  ASSERT_EQ(t.rows(), 3u);
  EXPECT_EQ(t.column("energy").numbers()[2], 0);
}

}  // namespace
}  // namespace wattline::meter
