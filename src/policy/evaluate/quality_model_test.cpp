#include "policy/evaluate/quality_model.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <random>
#include <set>
#include <sstream>

#include <gtest/gtest.h>

#include "kernel/testing.h"
#include "policy/evaluate/calibration.h"
#include "policy/evaluate/curve.h"
#include "policy/evaluate/testing.h"
#include "text/hashed_ngrams.h"

namespace wattline::policy {
namespace {

constexpr TextStageFit small_fit{.text = {.bits = 12}};

std::vector<double> of(const std::vector<std::size_t>& rows, auto value) {
  std::vector<double> out;
  for (const auto r : rows) out.push_back(value(r));
  return out;
}

TEST(HashedTextTest, RowsAreSortedAndOfLengthOne) {
  SparseRows rows;
  const HashedText hashed{.bits = 10};
  for (const char* text : {"the cat sat", "the cat sat on the mat", "", "the \xff\xfe broken"}) hashed.add(text, rows);
  ASSERT_EQ(rows.rows(), 4u);
  EXPECT_TRUE(rows.indices(2).empty());
  const std::vector<std::size_t> all = {0, 1, 2, 3};
  const SparseRows weighed = InverseFrequency(rows, all, 10, 1).apply(rows);
  for (std::size_t r = 0; r < 4; ++r) {
    EXPECT_TRUE(std::is_sorted(weighed.indices(r).begin(), weighed.indices(r).end()));
    float squares = 0;
    for (const float v : weighed.values(r)) squares += v * v;
    EXPECT_NEAR(squares, weighed.indices(r).empty() ? 0 : 1, 1e-5);
  }
  // What fewer than two training rows hold is left out.
  const SparseRows seen_twice = InverseFrequency(rows, all, 10, 2).apply(rows);
  EXPECT_LT(seen_twice.index.size(), weighed.index.size());
}

TEST(TreesTest, LearnStepsAndProbabilities) {
  std::mt19937_64 random(1);
  std::vector<float> x;
  std::vector<double> y, p;
  for (int i = 0; i < 2000; ++i) {
    const float a = static_cast<float>(random() % 1000) / 1000, b = static_cast<float>(random() % 1000) / 1000;
    x.push_back(a), x.push_back(b);
    y.push_back(a > 0.5F ? (b > 0.3F ? 3 : 1) : 0);
    p.push_back(static_cast<double>(random() % 1000) < (a > 0.5F ? 800 : 200));
  }
  Trees steps, odds;
  steps.fit(x, 2, y, {.trees = 200, .depth = 2, .rate = 0.1, .feature_share = 1});
  EXPECT_NEAR(steps.predict(std::vector<float>{0.9F, 0.9F}), 3, 0.1);
  EXPECT_NEAR(steps.predict(std::vector<float>{0.9F, 0.1F}), 1, 0.1);
  EXPECT_NEAR(steps.predict(std::vector<float>{0.1F, 0.9F}), 0, 0.1);
  odds.fit(x, 2, p, {.logistic = true, .trees = 60, .depth = 1, .rate = 0.1, .feature_share = 1});
  EXPECT_NEAR(odds.predict(std::vector<float>{0.7F, 0.5F}), 0.8, 0.06);
  EXPECT_NEAR(odds.predict(std::vector<float>{0.2F, 0.5F}), 0.2, 0.06);
  const float nan = std::nanf("");
  EXPECT_TRUE(std::isfinite(odds.predict(std::vector<float>{nan, nan})));
  Trees none;
  none.fit({}, 2, {});
  EXPECT_EQ(none.predict(std::vector<float>{1, 2}), 0);
  none.fit({}, 0, std::vector<double>{1, 3}, {.row_share = 1});  // without features: the mean
  EXPECT_NEAR(none.predict({}), 2, 1e-9);
}

TEST(QualityModelTest, TellsFromTheTextWhoWillDo) {
  const Workload w = tests::four_subjects(1500);
  const Split split = split_by_prompt(w);
  const CrossFitted crossed = cross_fit(w, split, small_fit, 4);
  const auto p = predict_quality(w, split, crossed, FeatureSet::all);
  double right_topic = 0;
  for (const auto r : split.test) right_topic += crossed.topic[r] == w.rows[r].domain;
  EXPECT_GT(right_topic / static_cast<double>(split.test.size()), 0.9);
  const auto gain = of(split.test, [&](std::size_t r) { return p.quality[1][r] - p.quality[0][r]; });
  const auto small = of(split.test, [&](std::size_t r) { return w.rows[r].answers[0].quality; });
  const auto large = of(split.test, [&](std::size_t r) { return w.rows[r].answers[1].quality; });
  // Who knows the subject gets 0.75: all of the gain at half of the calls.
  EXPECT_GT(trade_off(gain, small, large).apgr, 0.65);
  const auto predicted = of(split.test, [&](std::size_t r) { return p.quality[0][r]; });
  EXPECT_LT(calibration_error(predicted, small, 5, 0).ece, 0.1);
  for (const auto r : split.train)
    for (const auto& q : p.quality) ASSERT_TRUE(q[r] > 0 && q[r] < 1);
}

TEST(QualityModelTest, HeldOutPredictionsKnowNothingOfTheirRow) {
  // Outcomes that have nothing to do with the text: what is predicted of training rows must not follow them.
  Workload w = tests::four_subjects(800);
  std::mt19937_64 random(5);
  for (auto& r : w.rows)
    for (auto& a : r.answers) a.quality = static_cast<double>(random() % 2);
  const Split split = split_by_prompt(w);
  const auto p = predict_quality(w, split, cross_fit(w, split, small_fit, 4), FeatureSet::all);
  double with = 0, n = 0;
  for (const auto r : split.train) with += (w.rows[r].answers[0].quality - 0.5) * (p.quality[0][r] - 0.5), ++n;
  EXPECT_NEAR(with / n, 0, 0.01);
}

TEST(QualityModelTest, IsTheSameEachTimeAndForNewPrompts) {
  const Workload w = tests::four_subjects(400);
  const Split split = split_by_prompt(w);
  const CrossFitted a = cross_fit(w, split, small_fit, 3), b = cross_fit(w, split, small_fit, 3);
  EXPECT_EQ(a.x, b.x);
  const auto pa = predict_quality(w, split, a, FeatureSet::all), pb = predict_quality(w, split, b, FeatureSet::all);
  EXPECT_EQ(pa.quality, pb.quality);
  const QualityModel model(a, pa, FeatureSet::all, 2);
  std::vector<double> out(2);
  for (const auto r : split.test) {
    model.predict(w.rows[r].prompt, out);
    for (std::size_t m = 0; m < 2; ++m) ASSERT_NEAR(out[m], pa.quality[m][r], 1e-6);
  }
  for (const char* odd : {"", "\xff\xfe", "\xf0\x9f\x98\x80"}) {
    model.predict(odd, out);
    EXPECT_TRUE(std::isfinite(out[0]));
  }
}

TEST(QualityModelTest, NeighboursTellToo) {
  const Workload w = tests::four_subjects(500);
  const Split split = split_by_prompt(w);
  const auto neighbours = std::make_shared<Neighbours>(std::make_shared<text::HashedNgrams>(), w, nullptr);
  const CrossFitted crossed = cross_fit(w, split, small_fit, 3, {}, neighbours);
  const auto p = predict_quality(w, split, crossed, FeatureSet::neighbours);
  const auto gain = of(split.test, [&](std::size_t r) { return p.quality[1][r] - p.quality[0][r]; });
  const auto small = of(split.test, [&](std::size_t r) { return w.rows[r].answers[0].quality; });
  const auto large = of(split.test, [&](std::size_t r) { return w.rows[r].answers[1].quality; });
  EXPECT_GT(trade_off(gain, small, large).apgr, 0.55);
  const QualityModel model(crossed, p, FeatureSet::neighbours, 2);
  std::vector<double> out(2);
  model.predict(w.rows[split.test[0]].prompt, out);
  EXPECT_NEAR(out[0], p.quality[0][split.test[0]], 1e-6);
}

TEST(QualityModelTest, ManagesWithoutDomains) {
  Workload w = tests::four_subjects(300);
  for (auto& r : w.rows) r.domain.clear();
  const Split split = split_by_prompt(w);
  const CrossFitted crossed = cross_fit(w, split, small_fit, 3);
  EXPECT_EQ(crossed.topic[0], "");
  const auto p = predict_quality(w, split, crossed, FeatureSet::all);
  const auto gain = of(split.test, [&](std::size_t r) { return p.quality[1][r] - p.quality[0][r]; });
  const auto small = of(split.test, [&](std::size_t r) { return w.rows[r].answers[0].quality; });
  const auto large = of(split.test, [&](std::size_t r) { return w.rows[r].answers[1].quality; });
  EXPECT_GT(trade_off(gain, small, large).apgr, 0.55);
}

// The published outcomes, with less of everything than `serve evaluate` takes, so that it stays a test: text alone
// ranks prompts better than chance, about as well as the true subject does.
TEST(QualityModelDataTest, TextAloneRoutesTheRecordedOutcomes) {
  const auto shared = wattline::tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  std::ifstream in(*shared / "data/routellm-bench/mmlu_mixtral_vs_gpt4.csv");
  std::stringstream content;
  content << in.rdbuf();
  const Workload w = read_workload(content.str(), "mmlu");
  const Split split = split_by_prompt(w);
  const CrossFitted crossed = cross_fit(w, split, {.text = {.bits = 16, .pieces = false}, .epochs = 3}, 2);
  std::set<std::string_view> fitted;
  for (const auto r : split.train) fitted.insert(w.rows[r].prompt);
  for (const auto r : split.test) {
    ASSERT_EQ(crossed.fold[r], -1);
    ASSERT_FALSE(fitted.contains(w.rows[r].prompt)) << w.rows[r].id;
  }
  const auto p = predict_quality(w, split, crossed, FeatureSet::all);
  const auto gain = of(split.test, [&](std::size_t r) { return p.quality[1][r] - p.quality[0][r]; });
  const auto weak = of(split.test, [&](std::size_t r) { return w.rows[r].answers[0].quality; });
  const auto strong = of(split.test, [&](std::size_t r) { return w.rows[r].answers[1].quality; });
  const auto predicted = of(split.test, [&](std::size_t r) { return p.quality[0][r]; });
  EXPECT_GT(trade_off(gain, weak, strong).apgr, 0.64);
  EXPECT_GT(trade_off_intervals(gain, weak, strong, 300, 1).apgr.low, 0.55);
  EXPECT_LT(calibration_error(predicted, weak, 10, 0).ece, 0.05);
}

}  // namespace
}  // namespace wattline::policy
