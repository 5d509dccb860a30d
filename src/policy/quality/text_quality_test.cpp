#include "policy/quality/text_quality.h"

#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::policy {
namespace {

// Two models: the small one adds short numbers, the large one all; both are wrong one time in ten.
std::vector<QualityRow> rows(std::size_t n, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<QualityRow> out;
  for (std::size_t i = 0; i < n; ++i) {
    const bool hard = random() % 2;
    const auto number = [&] { return std::to_string(hard ? 100000 + random() % 900000 : random() % 90 + 10); };
    const bool slip = random() % 10 == 0;
    out.push_back({"What is " + number() + " + " + number() + "?", {!hard && !slip ? 1.0 : 0.0, slip ? 0.0 : 1.0}});
  }
  return out;
}

TEST(TextQualityTest, LearnsWhatASmallModelCanDo) {
  std::vector<TextQuality::Report> report;
  const auto q = TextQuality::train({"small", "large"}, rows(4000, 1), {}, &report);
  ASSERT_EQ(report.size(), 2u);
  EXPECT_GT(report[0].auc, 0.9);
  EXPECT_NEAR(report[1].adequate, 0.9, 0.02);
  Quality easy[2], hard[2];
  q.predict("What is 12 + 34?", easy);
  q.predict("What is 123456 + 654321?", hard);
  EXPECT_NEAR(easy[0].expected, 0.9, 0.05);
  EXPECT_GT(easy[0].low, 0.8);
  EXPECT_LT(easy[0].low, easy[0].expected);
  EXPECT_LT(hard[0].expected, 0.05);
  EXPECT_NEAR(hard[1].expected, 0.9, 0.05);
}

TEST(TextQualityTest, PredictionsOfUnseenRowsAreCalibrated) {
  const auto q = TextQuality::train({"small", "large"}, rows(4000, 1));
  double predicted = 0, observed = 0, n = 0;
  for (const auto& r : rows(4000, 2)) {
    Quality out[2];
    q.predict(r.prompt, out);
    if (out[0].expected < 0.5) continue;
    predicted += out[0].expected;
    observed += r.quality[0];
    ++n;
  }
  EXPECT_GT(n, 1500);
  EXPECT_NEAR(predicted / n, observed / n, 0.03);
}

TEST(TextQualityTest, AFileGivesTheSamePredictions) {
  const auto q = TextQuality::train({"small", "large"}, rows(1000, 1));
  const auto back = TextQuality::load(q.save(), "test");
  EXPECT_EQ(back.models(), q.models());
  double apart = 0;
  for (const auto& r : rows(50, 3)) {
    Quality a[2], b[2];
    q.predict(r.prompt, a);
    back.predict(r.prompt, b);
    for (int m = 0; m < 2; ++m) {
      // Weights are kept in 8 bits, and the map between two bins may be steep.
      EXPECT_NEAR(a[m].expected, b[m].expected, 0.08) << r.prompt;
      apart += std::abs(a[m].expected - b[m].expected) / 100;
    }
  }
  EXPECT_LT(apart, 0.01);
  EXPECT_EQ(back.save().size(), q.save().size());
}

TEST(TextQualityTest, AModelThatIsAlwaysRightOrWrongIsAConstant) {
  auto all = rows(500, 1);
  for (auto& r : all) r.quality = {0, 1};
  const auto q = TextQuality::load(TextQuality::train({"never", "always"}, all).save(), "test");
  Quality out[2];
  q.predict("anything", out);
  EXPECT_EQ(out[0].expected, 0);
  EXPECT_EQ(out[1].expected, 1);
  EXPECT_LT(out[1].low, 1);
}

TEST(TextQualityTest, BrokenFilesAreRefused) {
  const std::string good = TextQuality::train({"small", "large"}, rows(300, 1)).save();
  EXPECT_NO_THROW(TextQuality::load(good, "test"));
  for (std::size_t n = 0; n < good.size(); n += 97)
    EXPECT_THROW(TextQuality::load(good.substr(0, n), "test"), Error) << n;
  EXPECT_THROW(TextQuality::load(good + "x", "test"), Error);
  EXPECT_THROW(TextQuality::load(std::string(8, '\xff') + good, "test"), Error);
}

TEST(TextQualityTest, NothingToLearnFromIsSaid) {
  EXPECT_THROW(TextQuality::train({}, rows(5, 1)), Error);
  EXPECT_THROW(TextQuality::train({"a", "b"}, {}), Error);
  EXPECT_THROW(TextQuality::train({"a"}, rows(5, 1)), Error);
}

}  // namespace
}  // namespace wattline::policy
