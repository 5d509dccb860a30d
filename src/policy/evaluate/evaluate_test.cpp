#include <cmath>
#include <map>
#include <numeric>

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "policy/evaluate/evaluation.h"
#include "policy/evaluate/testing.h"
#include "policy/select/testing.h"

namespace wattline::policy {
namespace {

double mean(const std::vector<double>& v) {
  return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
}

// Two layers fitted once for all tests of this file.
struct Made {
  Workload w = tests::four_subjects(1200);
  Split split = split_by_prompt(w);
  CrossFitted crossed = cross_fit(w, split, {.text = {.bits = 12}}, 3);
  QualityPredictions predictions = predict_quality(w, split, crossed, FeatureSet::all);
  Energies energies = energies_of(w, split, {std::nullopt, std::nullopt}, 200);
  ReplayWorld world = replay_world(w, split, predictions, crossed, energies, 0.5);
};
const Made& made() {
  static const Made m;
  return m;
}

TEST(ReplayTest, BaselinesAreWhatTheyAre) {
  const auto& m = made();
  const PolicyRun small = replay_always(m.world, 0), large = replay_always(m.world, 1), oracle = replay_oracle(m.world);
  EXPECT_NEAR(mean(small.energy), 10, 1e-9);
  EXPECT_NEAR(mean(large.energy), 100, 1e-9);
  EXPECT_GT(mean(oracle.quality), mean(large.quality));
  EXPECT_LT(mean(oracle.energy), 60);
  EXPECT_EQ(oracle.regret, 0);
  EXPECT_EQ(oracle.lost, 0);
  EXPECT_EQ(large.lost, 0);
  EXPECT_NEAR(small.regret, mean(oracle.quality) - mean(small.quality), 1e-9);
  const auto same = against(large, large, 100, 1);
  EXPECT_EQ(same.saving, 0);
  EXPECT_EQ(same.retained, 1);
  EXPECT_EQ(same.saving_interval.low, 0);
}

TEST(ReplayTest, CheapestAdequateSavesAndKeeps) {
  const auto& m = made();
  const auto s = tests::made("cheapest_adequate", R"({"min_quality": 0.7})");
  const PolicyRun run = replay(m.world, *s, "c", {}), large = replay_always(m.world, 1);
  const auto a = against(run, large, 500, 1);
  EXPECT_GT(a.saving, 0.3);
  EXPECT_GT(a.retained, 0.93);
  EXPECT_LT(a.saving_interval.low, a.saving);
  EXPECT_GT(a.saving_interval.high, a.saving);
  EXPECT_NEAR(run.share[0] + run.share[1], 1, 1e-9);
  EXPECT_EQ(run.drift_alarms, 0u);
}

// With prompts whose lengths do not differ the identity is exact.
TEST(ReplayTest, TheSavingIdentityHolds) {
  const auto& m = made();
  const auto s = tests::made("cheapest_adequate", R"({"min_quality": 0.7})");
  const PolicyRun run = replay(m.world, *s, "c", {.router = 2}), large = replay_always(m.world, 1);
  const double ratio[] = {0.1, 1};
  EXPECT_NEAR(against(run, large, 0, 1).saving, saving_identity(0, run.share, ratio, 0.02), 1e-9);
  // The example of the specification: r = 0.25, h = 0.15, s = 0.82.
  const double share[] = {0.82, 0.18}, example[] = {0.25, 1};
  EXPECT_NEAR(saving_identity(0.15, share, example, 0), 0.67, 0.005);
}

TEST(ReplayTest, ShadowTrafficAndFailedAttemptsCost) {
  const auto& m = made();
  const auto s = tests::made("static");
  EXPECT_NEAR(mean(replay(m.world, *s, "s", {.shadow = 1}).energy), 110, 1e-9);
  const PolicyRun some = replay(m.world, *s, "s", {.shadow = 0.2});
  EXPECT_NEAR(some.shadowed, 0.2, 0.08);
  EXPECT_NEAR(mean(some.energy), 10 + 100 * some.shadowed, 1e-9);
  // No evidence in the log: a cascade is never sure and asks both.
  const PolicyRun cascade = replay(m.world, *tests::made("cascade"), "c", {});
  double both = 0;
  for (const double joules : cascade.energy) {
    ASSERT_TRUE(joules == 10 || joules == 100 || joules == 110) << joules;
    both += joules == 110;
  }
  EXPECT_GT(both, 0);
  EXPECT_NEAR(cascade.attempts, 1 + both / static_cast<double>(cascade.energy.size()), 1e-9);
}

TEST(ReplayTest, ACascadeStopsWhereTheAnswerVerifies) {
  Workload w = made().w;
  for (auto& r : w.rows)
    for (auto& a : r.answers) a.evidence.format_ok = a.quality > 0.5;
  ReplayWorld world = made().world;
  world.workload = &w;
  const PolicyRun run = replay(world, *tests::made("cascade"), "c", {}), oracle = replay_oracle(world);
  // A perfect check finds every good answer of its chain.
  EXPECT_GE(mean(run.quality), mean(replay_always(world, 1).quality));
  EXPECT_NEAR(mean(run.quality), mean(oracle.quality), 0.03);
  EXPECT_GT(mean(run.energy), mean(oracle.energy));  // at the price of the failed attempts
}

TEST(ReplayTest, ADriftOfTheOutcomesRaisesTheAlarm) {
  Workload w = made().w;
  const auto& rows = made().split.test;
  for (std::size_t i = rows.size() / 3; i < rows.size(); ++i)
    w.rows[rows[i]].answers[0].quality = made().predictions.quality[0][rows[i]] < 0.5;
  ReplayWorld world = made().world;
  world.workload = &w;
  EXPECT_GE(replay(world, *tests::made("static"), "s", {}).drift_alarms, 1u);
}

TEST(ReplayTest, LearningAlgorithmsBeatTheirFirstChoice) {
  const auto& m = made();
  const auto s = tests::made("thompson", R"({"cost_weight": 0.3, "prior": 0})");
  const PolicyRun run = replay(m.world, *s, "t", {});
  EXPECT_GT(mean(run.quality), mean(replay_always(m.world, 0).quality));
  EXPECT_LT(mean(run.energy), 100);
}

TEST(EnergiesTest, AreReadAndModelled) {
  Workload w = tests::four_subjects(100);
  EXPECT_TRUE(made().energies.recorded);
  for (auto& r : w.rows)
    for (auto& a : r.answers) a.energy = RecordedAnswer::unknown;
  const Split split = split_by_prompt(w);
  const auto given = parse_energies({"small=0.1,1", "large=1, 4 ,10"}, w);
  const Energies e = energies_of(w, split, given, 200);
  EXPECT_TRUE(e.known);
  EXPECT_FALSE(e.recorded);
  EXPECT_NEAR(e.joules[0][0], 20 * 0.1 + 50, 1e-9);
  EXPECT_NEAR(e.joules[1][0], 20 + 200 + 10, 1e-9);
  EXPECT_FALSE(energies_of(w, split, parse_energies({"small=0.1,1"}, w), 200).known);
  for (const char* bad : {"small", "tiny=1,2", "small=1", "small=1,2,3,4", "small=1,x", "small=-1,2", "small=inf,2"})
    EXPECT_THROW(parse_energies({bad}, w), Error) << bad;
}

std::string as_csv(const Workload& w, bool energy) {
  std::string out = "domain,prompt,small_correct,large_correct";
  out += energy ? ",small_energy_j,large_energy_j\n" : "\n";
  for (const auto& r : w.rows) {
    out += r.domain + "," + r.prompt;
    for (const auto& a : r.answers) out += a.quality > 0.5 ? ",1" : ",0";
    if (energy) out += ",10,100";
    out += "\n";
  }
  return out;
}

TEST(EvaluateTest, TellsCurvesSavingsAndCalibration) {
  EvaluateOptions o;
  o.workload = InputFile::from_bytes("made.csv", as_csv(tests::four_subjects(600), true));
  o.resamples = 200;
  Context context;
  const Result r = evaluate(o, context);
  ASSERT_NE(r.find_table("policy.ranking.v1"), nullptr);
  ASSERT_NE(r.find_table("policy.saving.v1"), nullptr);
  ASSERT_NE(r.find_table("policy.off_policy.v1"), nullptr);
  ASSERT_NE(r.find_estimate("apgr"), nullptr);
  const Table& ranking = *r.find_table("policy.ranking.v1");
  std::map<std::string, double> apgr;
  for (std::size_t i = 0; i < ranking.rows(); ++i)
    apgr[ranking.column("ranking").texts()[i]] = ranking.column("apgr").numbers()[i];
  EXPECT_NEAR(apgr.at("chance"), 0.5, 1e-9);
  EXPECT_GT(apgr.at("text: all"), 0.6);
  EXPECT_GT(apgr.at("oracle"), apgr.at("told the domain"));
  const Table& saving = *r.find_table("policy.saving.v1");
  for (std::size_t i = 0; i < saving.rows(); ++i)
    EXPECT_NEAR(saving.column("difference").numbers()[i], 0, 1e-9);  // every prompt costs the same here
  // The same seed, the same result.
  EXPECT_EQ(to_json(r), to_json(evaluate(o, context)));
}

TEST(EvaluateTest, WithoutEnergyThereAreNoJoules) {
  EvaluateOptions o;
  o.workload = InputFile::from_bytes("made.csv", as_csv(tests::four_subjects(200), false));
  o.resamples = 100;
  o.algorithms = {"cheapest_adequate", "cascade"};
  Context context;
  const Result r = evaluate(o, context);
  EXPECT_EQ(r.find_table("policy.saving.v1"), nullptr);
  EXPECT_EQ(r.find_table("policy.evaluation.v1")->find("energy"), nullptr);
  EXPECT_EQ(r.warnings.size(), 2u);  // no joules, no evidence for a cascade
}

TEST(EvaluateTest, SaysWhatIsWrong) {
  Context context;
  const auto fails = [&](EvaluateOptions o, std::string_view expected) {
    if (!o.workload.given()) o.workload = InputFile::from_bytes("m.csv", as_csv(tests::four_subjects(100), true));
    try {
      evaluate(o, context);
      ADD_FAILURE() << expected;
    } catch (const Error& e) {
      EXPECT_NE(std::string(e.what()).find(expected), std::string::npos) << e.what();
    }
  };
  EvaluateOptions few, unknown, setting, json, energy;
  few.workload = InputFile::from_bytes("m.csv", as_csv(tests::four_subjects(10), true));
  fails(few, "at least 20");
  unknown.algorithms = {"thomson"};
  fails(unknown, "thompson");
  setting.algorithms = {R"({"type":"linucb","alhpa":1})"};
  fails(setting, "alpha");
  json.algorithms = {R"({"type":)"};
  fails(json, "algorithm");
  energy.energy = {"huge=1,2"};
  fails(energy, "huge");
}

TEST(EvaluateTest, CanBeCancelled) {
  EvaluateOptions o;
  o.workload = InputFile::from_bytes("m.csv", as_csv(tests::four_subjects(100), true));
  std::stop_source stop;
  stop.request_stop();
  Context context;
  context.stop = stop.get_token();
  EXPECT_THROW(evaluate(o, context), Error);
}

}  // namespace
}  // namespace wattline::policy
