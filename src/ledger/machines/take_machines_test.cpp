// `report --agents`: what other machines' agents counted comes into the account once, however often it is asked.
#include "ledger/machines/take_machines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/command_testing.h"
#include "kernel/testing.h"
#include "ledger/account.h"
#include "ledger/capabilities.h"
#include "ledger/ledger.h"

namespace wattline::ledger {
namespace {

using testing::HasSubstr;

const Time monday = parse_time("2026-11-23T00:00:00Z");

class FakeReader : public MachineReader {
 public:
  std::vector<MachineCounters> machines;
  std::vector<MachineCounters> read(const InputFile&) const override { return machines; }
};

class Machines : public testing::Test {
 protected:
  void SetUp() override {
    context_.provide(catalog_);
    context_.provide(std::make_shared<Location>(Location{dir()}));
    context_.provide<AccountSink>(
        std::shared_ptr<AccountSink>(Ledger::open(dir(), OpenMode::write, {.factor_set = catalog_->version()})));
    context_.provide<MachineReader>(reader_);
  }
  std::string dir() const { return (scratch_.path() / "account").string(); }
  // An agent of so many seconds that has seen 100 W in its package and 10 W in its memory.
  static MachineCounters machine(const std::string& name, const std::string& run, double seconds) {
    MachineCounters m;
    m.name = name;
    m.host = name;
    m.run = run;
    m.begin = monday;
    m.end = monday + Duration(seconds);
    for (const auto& [component, watts] : {std::pair("package-0", 100.0), std::pair("dram", 10.0)})
      m.components.push_back({component, "",
                              Estimate<Energy>::relative(Energy(watts * seconds), 0.02, Method::measured, "rapl"),
                              Duration(seconds / 100)});
    return m;
  }
  Result report(std::vector<std::string> more = {}) {
    std::vector<std::string> words{"--agents", "agents.toml", "--place", "FR"};
    words.insert(words.end(), more.begin(), more.end());
    return tests::run_command(capabilities(), "report", words, context_);
  }
  static double joules(const Result& r) {
    const Measure m = r.find_estimate("energy")->measure;
    return m.value * (m.unit == "Wh" ? 3600 : m.unit == "kWh" ? 3.6e6 : 1);
  }
  std::vector<Fact> rows() const {
    std::vector<Fact> out;
    Ledger::open(dir(), OpenMode::read)->for_each({}, [&](const Row& r) { out.push_back(r.fact); });
    return out;
  }

  tests::ScratchDir scratch_;
  std::shared_ptr<catalog::Catalog> catalog_ = catalog::Catalog::load();
  std::shared_ptr<FakeReader> reader_ = std::make_shared<FakeReader>();
  Context context_;
};

std::string label(const Fact& f, const std::string& name) {
  for (const auto& [key, value] : f.labels)
    if (key == name) return value;
  return "";
}

TEST_F(Machines, ComeIntoTheAccountOnceHoweverOftenTheyAreAsked) {
  reader_->machines = {machine("node7", "a", 1000), machine("node8", "b", 500)};
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(joules(report()), 110 * 1500, 1) << i;
  EXPECT_EQ(rows().size(), 4u);
  reader_->machines[0] = machine("node7", "a", 1600);
  EXPECT_NEAR(joules(report()), 110 * 2100, 1);
  const auto all = rows();
  ASSERT_EQ(all.size(), 6u);
  for (const auto& f : all) {
    EXPECT_EQ(f.kind, "machine");
    EXPECT_EQ(f.place, "FR");
    EXPECT_EQ(f.energy.method(), Method::measured);
  }
  EXPECT_EQ(all.back().begin.ns, (monday + Duration(1000)).ns) << "goes on where the row before ended";
  EXPECT_EQ(all.back().end.ns, (monday + Duration(1600)).ns);
  EXPECT_EQ(label(all.back(), "missing_s"), "6") << "of this row's time alone";
}

TEST_F(Machines, TheErrorOfACounterIsSharedByItsRows) {
  for (double seconds : {100.0, 200.0, 300.0, 400.0}) {
    reader_->machines = {machine("node7", "a", seconds)};
    report();
  }
  const auto e = report().find_estimate("energy")->measure;
  EXPECT_GT((e.interval.high - e.interval.low) / 2 / e.value, 0.015) << "four rows are no surer than one";
}

TEST_F(Machines, WhatTheAgentRecordedItselfIsNotTakenAgain) {
  Fact own;
  own.kind = "machine";
  own.begin = monday;
  own.end = monday + Duration(600);
  own.energy = Estimate<Energy>::relative(Energy(60000), 0.02, Method::measured, "rapl");
  own.place = "FR";
  own.labels = {{"component", "package-0"}, {"host", "node7"}, {"agent_run", "a"}};
  context_.get<AccountSink>().record(own);
  reader_->machines = {machine("node7", "a", 1000)};
  EXPECT_NEAR(joules(report()), 110 * 1000, 1);
}

TEST_F(Machines, WhatWasRetractedDoesNotComeAgainAndWhatFollowsDoes) {
  reader_->machines = {machine("node7", "a", 1000)};
  report();
  auto ledger = Ledger::open(dir(), OpenMode::write, {.factor_set = catalog_->version()});
  for (const auto& f : rows()) ledger->retract(f.uid, "measured twice");
  ledger.reset();
  EXPECT_FALSE(report().find_estimate("energy")) << "nothing is left, and nothing came";
  reader_->machines = {machine("node7", "a", 1600)};
  EXPECT_NEAR(joules(report()), 110 * 600, 1);
}

TEST_F(Machines, ADuplicateThatWasRetractedHidesNothing) {
  reader_->machines = {machine("node7", "a", 1000)};
  report();
  auto twice = rows();
  auto ledger = Ledger::open(dir(), OpenMode::write, {.factor_set = catalog_->version()});
  for (Fact f : twice) {
    f.uid += "-again";
    ledger->record(f);
    ledger->retract(f.uid, "twice");
  }
  ledger.reset();
  reader_->machines = {machine("node7", "a", 1600)};
  EXPECT_NEAR(joules(report()), 110 * 1600, 1);
}

TEST_F(Machines, ARowThatWasCorrectedToNothingHidesNoLaterOne) {
  reader_->machines = {machine("node7", "a", 1000)};
  report();
  auto ledger = Ledger::open(dir(), OpenMode::write, {.factor_set = catalog_->version()});
  for (Fact f : rows()) {
    const std::string uid = std::exchange(f.uid, "");
    f.energy = Estimate<Energy>::exact(Energy(0));
    ledger->correct(uid, f);
  }
  ledger.reset();
  reader_->machines = {machine("node7", "a", 1600)};
  EXPECT_NEAR(joules(report()), 110 * 1600, 1);
}

TEST_F(Machines, ARestartedAgentCountsFromNothing) {
  reader_->machines = {machine("node7", "a", 1000)};
  report();
  reader_->machines = {machine("node7", "b", 100)};
  EXPECT_NEAR(joules(report()), 110 * 1100, 1);
}

TEST_F(Machines, OneThatIsNotThereIsNamedAndComesLater) {
  reader_->machines = {machine("node7", "a", 1000), machine("node8", "b", 500)};
  auto lost = reader_->machines;
  lost[1] = {};
  lost[1].name = "node8";
  lost[1].trouble = "connection refused";
  std::swap(reader_->machines, lost);
  const Result r = report();
  EXPECT_THAT(to_text(r), HasSubstr("node8 is not there (connection refused)"));
  EXPECT_THAT(to_text(r), HasSubstr("1 of 2 agents answer"));
  EXPECT_NEAR(joules(r), 110 * 1000, 1);
  reader_->machines = lost;
  EXPECT_NEAR(joules(report()), 110 * 1500, 1);
}

TEST_F(Machines, WhoMayNotAskAgentsIsTold) {
  Context another;
  another.provide(catalog_);
  another.provide(std::make_shared<Location>(Location{dir()}));
  EXPECT_THAT(tests::message_of([&] {
                tests::run_command(capabilities(), "report", {"--agents", "agents.toml"}, another);
              }),
              HasSubstr("on the command line alone"));
}

}  // namespace
}  // namespace wattline::ledger
