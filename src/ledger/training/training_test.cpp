#include <cmath>
#include <fstream>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "kernel/units.h"
#include "ledger/training/audit.h"
#include "ledger/training/export.h"
#include "ledger/training/project.h"
#include "ledger/training/report.h"
#include "ledger/training/trace.h"

namespace wattline::ledger::training {
namespace {

namespace fs = std::filesystem;

constexpr const char* head =
    "timestamp, name, utilization.gpu [%], power.draw [W], power.max_limit [W], temperature.gpu\n";

std::string row(int second, const char* watts) {
  return fmt::format("2023/03/09 01:{:02}:{:02}.000, NVIDIA GeForce RTX 3090, 97 %, {}, 350.00 W, 60\n",
                     30 + second / 60, second % 60, watts);
}

std::optional<fs::path> traces() {
  const auto shared = tests::shared_dir();
  if (!shared || !fs::exists(*shared / "data/training-traces")) return std::nullopt;
  return *shared / "data/training-traces";
}

Result run(TrainingReportOptions o) {
  Context context;
  context.provide(catalog::Catalog::load());
  return training_report(o, context);
}

TEST(Trace, BothHeadersUnitsAndWhatIsBroken) {
  const Trace b = read_trace(head + row(0, "100.00 W") + row(1, "0.2 kW") + row(1, "500 W") + row(0, "900 W") +
                                 row(2, "[N/A]") + row(3, "300 W") + "2023/03/09 01:30:04.000, NVIDIA Ge",
                             "gpu.csv");
  ASSERT_EQ(b.devices.size(), 1u);
  EXPECT_EQ(b.devices[0].power.values, (std::vector<double>{100, 200, 300}));
  EXPECT_EQ(b.cut, 1u);
  EXPECT_EQ(b.duplicates, 1u);
  EXPECT_EQ(b.backward, 1u);
  EXPECT_EQ(b.unreadable, 1u);
  EXPECT_EQ(b.devices[0].limit, 350);
  const Trace a = read_trace(
      "timestamp,gpu_name,gpu_power_draw\n2023-03-09 01:00:00.1,X,10.5 W\n2023-03-09 01:00:01.1,X,20 W\n", "a");
  EXPECT_EQ(a.devices[0].power.values, (std::vector<double>{10.5, 20}));
  const Trace two = read_trace(
      "time,component,power [W]\n2026-01-01T00:00:00Z,gpu-0,1\n2026-01-01T00:00:00Z,gpu-1,2\n"
      "2026-01-01T00:00:01Z,gpu-0,1\n2026-01-01T00:00:01Z,gpu-1,2\n",
      "series");
  EXPECT_EQ(two.devices.size(), 2u);
  const Trace milli = read_trace("time;power [mW]\n0;1500\n1;2500\n", "s");
  EXPECT_EQ(milli.devices[0].power.values, (std::vector<double>{1.5, 2.5}));
}

TEST(Trace, BadFilesAreErrorsThatSayWhat) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      read_trace(text, "gpu.csv");
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_NE(message("").find("empty"), std::string::npos);
  EXPECT_NE(message("a,b\n1,2\n").find("no column of times"), std::string::npos);
  EXPECT_NE(message("timestamp,cpu usage (%)\n0,1\n").find("no column of power"), std::string::npos);
  EXPECT_NE(message("timestamp,power [Wh]\n0,1\n1,2\n").find("energy"), std::string::npos);
  EXPECT_NE(message("timestamp,power [W]\nyesterday,1\ntoday,2\n").find("2 unreadable"), std::string::npos);
  EXPECT_NE(message("timestamp,power [W]\n0,-5\n1,5\n").find("usable"), std::string::npos) << "no negative power";
  EXPECT_NE(message(std::string("timestamp,power\n0,1\n\0", 20)).find("gpu.csv"), std::string::npos);
}

TEST(Trace, GapsAreHeldAndStandApart) {
  Series s;
  for (int i = 0; i <= 10; ++i) s.add(Time{i * 1'000'000'000LL}, 100);
  s.add(Time{70 * 1'000'000'000LL}, 300);
  s.add(Time{71 * 1'000'000'000LL}, 300);
  const TraceEnergy e = integrate(s, 10);
  EXPECT_EQ(e.gaps, 1u);
  EXPECT_DOUBLE_EQ(e.gap_joules, 6000);
  EXPECT_DOUBLE_EQ(e.joules, 1000 + 6000 + 300);
  EXPECT_DOUBLE_EQ(integrate(s, 100).gap_joules, 0) << "no gap under the limit";
  EXPECT_DOUBLE_EQ(integrate(s, 10, Time{500'000'000}, Time{2'500'000'000}).joules, 200) << "edges are cut";
}

TEST(Projection, OfEqualEpochsIsExact) {
  const Projection p = project({90, 100, 100, 100}, 40);
  EXPECT_DOUBLE_EQ(p.value, 90 + 39 * 100);
  EXPECT_NEAR(p.interval.low, p.value, 1e-9);
  EXPECT_TRUE(std::isnan(project({5}, 10).interval.low)) << "one epoch has no spread";
  EXPECT_DOUBLE_EQ(project({5}, 10).value, 50);
  EXPECT_TRUE(std::isnan(project({}, 10).value));
}

TEST(Projection, IntervalsCover) {
  std::mt19937_64 random(7);
  std::normal_distribution<double> epoch(100, 10);
  int inside = 0;
  constexpr int runs = 4000;
  for (int i = 0; i < runs; ++i) {
    std::vector<double> seen;
    double total = 0;
    for (int k = 0; k < 40; ++k) {
      const double e = epoch(random);
      total += e;
      if (k < 6) seen.push_back(e);
    }
    const Projection p = project(seen, 40);
    inside += total >= p.interval.low && total <= p.interval.high;
  }
  EXPECT_GT(inside, 0.93 * runs);
  EXPECT_LT(inside, 0.97 * runs);
}

TEST(Audit, NamesTheUsualMistakes) {
  AuditFacts f;
  f.joules = 360'000;
  f.seconds = 3600;
  f.sum_watts = 360'000;
  f.samples = 3600;
  f.mean_watts = 100;
  f.max_watts = 180;
  f.limit_watts = 250;
  EXPECT_EQ(worst(audit(f)), AuditVerdict::fine);
  const auto formula = [&](double claimed) {
    f.claimed_joules = claimed;
    for (const auto& c : audit(f))
      if (c.what == "claimed energy") return c.formula;
    return std::string();
  };
  EXPECT_EQ(formula(360'100).find("looks like"), std::string::npos);
  EXPECT_NE(formula(360'000.0 * 3600).find("times the duration"), std::string::npos);
  EXPECT_NE(formula(360'000.0 * 1000).find("kWh"), std::string::npos);
  EXPECT_NE(formula(180.0 * 3600).find("highest power"), std::string::npos);
  EXPECT_NE(formula(250.0 * 3600).find("limit"), std::string::npos);
  f.claimed_joules = 360'000;
  f.grams_per_kwh = 500;
  f.claimed_grams = 50'000;
  bool said = false;
  for (const auto& c : audit(f)) said = said || c.formula.find("grams given as kilograms") != std::string::npos;
  EXPECT_TRUE(said);
  f.mean_watts = 300;
  EXPECT_EQ(worst(audit(f)), AuditVerdict::impossible);
}

TEST(TrainingReport, ClaimedFiguresDecideTheVerdict) {
  std::string log = head;
  for (int i = 0; i <= 100; ++i) log += row(i, "300.00 W");
  TrainingReportOptions o;
  o.trace = InputFile::from_bytes("gpu.csv", log);
  o.place.place = "FR";
  Result r = run(o);
  EXPECT_FALSE(r.verdict);
  EXPECT_NEAR(r.find_estimate("energy")->measure.value, 300 * 100 / 3600.0, 1e-3) << "Wh";
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::measured);
  o.claimed.energy = 30'000 * units::J;
  EXPECT_TRUE(run(o).verdict->holds);
  o.claimed.energy = Energy(300.0 * 101 * 100);
  EXPECT_FALSE(run(o).verdict->holds);
  o.claimed = {};
  o.run.planned_epochs = 5;
  EXPECT_THROW(run(o), Error) << "epochs of the log are wanted";
  o.run.planned_epochs = 0;
  o.load =
      InputFile::from_bytes("cpu.csv", "timestamp,cpu usage (%)\n2023-03-09T01:30:00,50\n2023-03-09T01:31:40,50\n");
  o.gap = Duration(1000);
  EXPECT_THROW(run(o), Error) << "a design power is wanted";
  o.cpu_tdp = Power(100);
  r = run(o);
  EXPECT_EQ(r.find_estimate("energy")->measure.method, Method::modelled) << "a part of it is an estimate";
}

TEST(TrainingReport, WritesWhatOtherToolsRead) {
  tests::ScratchDir dir;
  std::string log = head;
  for (int i = 0; i <= 60; ++i) log += row(i, "300.00 W");
  TrainingReportOptions o;
  o.trace = InputFile::from_bytes("gpu.csv", log);
  o.place.place = "FR";
  o.run.name = "a, \"b\"";
  o.run.quality = 0.9;
  o.codecarbon = (dir.path() / "emissions.csv").string();
  o.boamps = (dir.path() / "report.json").string();
  run(o);
  const Table t = read_csv(InputFile::from_path(o.codecarbon).read(), "emissions.csv");
  ASSERT_EQ(t.rows(), 1u);
  EXPECT_EQ(t.columns().size(), 38u);
  EXPECT_EQ(t.column("project_name").texts()[0], "a, \"b\"");
  EXPECT_NEAR(t.column("gpu_energy").to_numbers()[0], 0.005, 1e-9);
  const Json j = parse_json(InputFile::from_path(o.boamps).read());
  EXPECT_NEAR(j.at("measures").as_array()[0].at("powerConsumption").as_number(), 0.005, 1e-9);
  EXPECT_EQ(j.at("task").at("measuredAccuracy").as_number(), 0.9);
  for (const char* key : {"header", "task", "measures", "infrastructure", "environment"})
    EXPECT_TRUE(j.find(key)) << key;
}

// 100 s at 300 W, then 60 s at 100 W, then 40 s at 300 W.
TrainingReportOptions marked(const char* marks) {
  std::string log = head;
  for (int i = 0; i <= 200; ++i) log += row(i, i < 100 || i >= 160 ? "300.00 W" : "100.00 W");
  TrainingReportOptions o;
  o.trace = InputFile::from_bytes("gpu.csv", log);
  o.marks = InputFile::from_bytes("marks.csv", marks);
  o.place.place = "FR";
  return o;
}

TEST(TrainingReport, EpochsFromMarks) {
  TrainingReportOptions o = marked(
      "time,epoch,phase\n2023-03-09T01:30:00Z,1,train\n2023-03-09T01:31:00Z,2,train\n2023-03-09T01:32:00Z,3,train\n"
      "2023-03-09T01:32:30Z,3,validate\n2023-03-09T01:33:00Z,,\n");
  o.run.planned_epochs = 30;
  const Result r = run(o);
  const Table* t = r.find_table("training.epochs.v1");
  ASSERT_TRUE(t);
  ASSERT_EQ(t->rows(), 4u) << "three, and what is of none";
  const auto& energy = t->column("energy").numbers();
  EXPECT_NEAR(energy[0], 300 * 60 / 3600.0, 1e-6);
  EXPECT_NEAR(energy[0] + energy[1] + energy[2] + energy[3], r.find_estimate("energy")->measure.value, 1e-6);
  EXPECT_GT(t->column("energy_high").numbers()[0], energy[0]);
  EXPECT_LT(t->column("energy_low").numbers()[0], energy[0]);
  EXPECT_EQ(t->column("whole").texts()[2], "yes");
  EXPECT_NEAR(t->column("carbon").numbers()[0] / energy[0],
              r.find_estimate("carbon")->measure.value / r.find_estimate("energy")->measure.value, 1e-6);
  const Table* phases = r.find_table("training.phases.v1");
  ASSERT_TRUE(phases);
  EXPECT_EQ(phases->column("phase").texts()[1], "validate");
  // Of three epochs the first is warm-up; the interval holds what the other two alone would give.
  const auto& planned = r.find_estimate("planned_energy")->measure;
  EXPECT_NEAR(planned.value * (planned.unit == "kWh" ? 1000 : 1), energy[0] + 29 * (energy[1] + energy[2]) / 2, 1e-6);
  EXPECT_TRUE(r.find_estimate("planned_time"));
}

TEST(TrainingReport, MarksThatDoNotFitAreErrors) {
  EXPECT_THROW(run(marked("time,epoch\n2024-03-09T01:30:00Z,1\n")), Error) << "a year late";
  TrainingReportOptions o = marked("time,epoch\n2023-03-09T01:30:00Z,1\n");
  EXPECT_EQ(run(o).find_table("training.epochs.v1")->column("whole").texts()[0], "no");
  o.run.planned_epochs = 3;
  EXPECT_THROW(run(o), Error) << "no epoch is whole";
  o.run.planned_epochs = 0;
  o.run.epochs = 3;
  EXPECT_THROW(run(o), Error) << "two ways to say the epochs";
  o.run.epochs = 0;
  o.hourly = true;
  o.place.intensity = 50 * units::gCO2e_per_kWh;
  EXPECT_THROW(run(o), Error) << "a given intensity and that of hours";
}

TEST(TrainingReport, EnergyOfTheStudysTraces) {
  const auto dir = traces();
  if (!dir) GTEST_SKIP() << "skipped: no shared data";
  struct Known {
    const char* name;
    double wh, seconds;
  };
  for (const Known& k :
       {Known{"cloud_resnet50_20230309T013923", 89.37, 994.8}, Known{"cloud_vgg16_20230309T225403", 242.05, 2604.7},
        Known{"local-v2_mobilenet_v2_20230221T084747", 22.29, 606.9}}) {
    TrainingReportOptions o;
    o.trace = InputFile::from_path((*dir / (std::string(k.name) + "_gpu.csv")).string());
    o.place.intensity = 232 * units::gCO2e_per_kWh;
    o.place.pue = 1;
    const Result r = run(o);
    const Table* t = r.find_table("training.devices.v1");
    EXPECT_NEAR(t->column("energy").numbers()[0], k.wh, 0.005) << k.name;
    EXPECT_NEAR(r.find_estimate("carbon")->measure.value, k.wh * 0.232, 0.005) << k.name;
    const Table* p = r.find_table("training.projection.v1");
    const auto& errors = p->column("error").numbers();
    for (const double error : errors) EXPECT_LT(std::abs(error), 20) << k.name;
    EXPECT_LT(std::abs(errors.back()), 8) << k.name << ": from half of it";
  }
}

TEST(TrainingReport, EveryTraceOfTheStudyIsRead) {
  const auto dir = traces();
  if (!dir) GTEST_SKIP() << "skipped: no shared data";
  const Table index = read_csv(InputFile::from_path((*dir / "index.csv").string()).read(), "index.csv");
  const auto seconds = index.column("duration_s").to_numbers();
  for (std::size_t i = 0; i < index.rows(); ++i) {
    const auto name = index.column("run").texts()[i];
    const Trace t = read_trace(InputFile::from_path((*dir / (name + "_gpu.csv")).string()).read(), name);
    ASSERT_EQ(t.devices.size(), 1u) << name;
    const auto& times = t.devices[0].power.times;
    EXPECT_NEAR((times.back() - times.front()).base(), seconds[i], 1.1) << name;
    EXPECT_GT(read_load(InputFile::from_path((*dir / (name + "_cpu.csv")).string()).read(), name).load.size(), 500u);
  }
}

TEST(TrainingReport, ClaimsHoldOrSayWhyNot) {
  Context context;
  int holds = 0;
  for (const auto& claim : training_report_claims()) {
    const auto check = claim.check(context);
    EXPECT_NE(check.verdict, ClaimVerdict::differs) << claim.claimed << ": " << check.ours;
    holds += check.verdict == ClaimVerdict::holds;
  }
  EXPECT_EQ(holds, 1);
}

}  // namespace
}  // namespace wattline::ledger::training
