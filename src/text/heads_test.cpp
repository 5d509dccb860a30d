#include <cmath>
#include <numeric>
#include <random>

#include <gmock/gmock.h>

#include "kernel/command_testing.h"
#include "kernel/error.h"
#include "text/calibration.h"
#include "text/exemplars.h"
#include "text/hashed_ngrams.h"
#include "text/linear_training.h"

namespace wattline::text {
namespace {

using ::testing::HasSubstr;
using tests::message_of;

TEST(Lbfgs, FindsTheMinimumOfABentValley) {
  std::vector<float> x = {-1.2f, 1};
  const auto report = minimise(
      [](std::span<const float> p, std::span<float> g) {
        const double a = 1 - p[0], b = static_cast<double>(p[1]) - static_cast<double>(p[0]) * p[0];
        g[0] = static_cast<float>(-2 * a - 400 * p[0] * b);
        g[1] = static_cast<float>(200 * b);
        return a * a + 100 * b * b;
      },
      x, {500, 8, 1e-6});
  EXPECT_TRUE(report.converged);
  EXPECT_NEAR(x[0], 1, 2e-3);
  EXPECT_NEAR(x[1], 1, 4e-3);
}

struct Corpus {
  std::vector<std::string> texts = {"the cat meows",      "a dog barks",        "cats and dogs play", "my cat sleeps",
                                    "rivers flow to sea", "the lake is deep",   "a river runs dry",   "deep sea water",
                                    "stars shine bright", "the moon is bright", "a star explodes",    "moon and stars"};
  std::vector<std::string> labels = {"animals", "water", "sky"};
  FeatureReader reader{nullptr, 10};
  std::vector<Features> features;
  std::vector<Example> examples;
  Corpus() {
    for (const auto& t : texts) features.push_back(reader.read(t));
    for (std::size_t i = 0; i < texts.size(); ++i)
      examples.push_back({&features[i], static_cast<std::uint32_t>(i / 4)});
  }
};

std::uint32_t guess(const LinearHead& head, const Features& x) {
  std::vector<float> p(head.labels().size());
  head.predict(x, p);
  EXPECT_NEAR(std::accumulate(p.begin(), p.end(), 0.0f), 1, 1e-5);
  return top_labels(p, 1)[0].label;
}

TEST(LinearHead, LearnsWhatCanBeTold) {
  Corpus c;
  const LinearHead head = train_linear_head(c.examples, c.labels, c.reader);
  for (const Example& e : c.examples) EXPECT_EQ(guess(head, *e.features), e.label);
  EXPECT_EQ(guess(head, c.reader.read("two cats meow")), 0u);
  EXPECT_EQ(guess(head, c.reader.read("the river")), 1u);
}

TEST(LinearHead, TrainingIsReproducibleAndBalanced) {
  Corpus c;
  EXPECT_EQ(train_linear_head(c.examples, c.labels, c.reader).save(),
            train_linear_head(c.examples, c.labels, c.reader).save());
  // A text of nothing known gets the prior: equal with balance, the larger label without.
  for (int extra = 0; extra < 12; ++extra) c.examples.push_back(c.examples[0]);
  TrainingOptions o;
  std::vector<float> p(3);
  o.l2 = 10;
  train_linear_head(c.examples, c.labels, c.reader, o).predict(Features{}, p);
  EXPECT_NEAR(p[0], 1.0 / 3, 0.02);
  o.balance = false;
  train_linear_head(c.examples, c.labels, c.reader, o).predict(Features{}, p);
  EXPECT_NEAR(p[0], 16.0 / 24, 0.02);
}

TEST(LinearHead, ComesBackFromItsFile) {
  Corpus c;
  LinearHead head = train_linear_head(c.examples, c.labels, c.reader);
  head.set_temperature(1.5);
  head.note = "three topics";
  const std::string bytes = head.save();
  const LinearHead back = LinearHead::load(bytes, "x.head");
  EXPECT_EQ(back.labels(), head.labels());
  EXPECT_EQ(back.note, "three topics");
  EXPECT_DOUBLE_EQ(back.temperature(), 1.5);
  std::vector<float> p(3), q(3);
  for (const Features& f : c.features) {
    head.predict(f, p);
    back.predict(f, q);
    for (int l = 0; l < 3; ++l) EXPECT_NEAR(p[l], q[l], 0.02);
  }
  EXPECT_EQ(LinearHead::load(back.save(), "x").save(), back.save());
}

TEST(LinearHead, OtherFeaturesAreRefused) {
  Corpus c;
  const LinearHead head = train_linear_head(c.examples, c.labels, c.reader);
  head.check(c.reader);
  EXPECT_THAT(message_of([&] { head.check(FeatureReader(nullptr, 11)); }), HasSubstr("trained on"));
  EXPECT_THAT(message_of([&] { head.check(FeatureReader(std::make_shared<HashedNgrams>(), 10)); }),
              HasSubstr("hashed-ngrams-512-1"));
  EXPECT_THAT(message_of([] { FeatureReader(nullptr, 0); }), HasSubstr("neither"));
  EXPECT_THAT(message_of([] { FeatureReader(nullptr, 21); }), HasSubstr("2^20"));
}

TEST(LinearHead, BadTrainingDataIsAnError) {
  Corpus c;
  const auto train = [&](auto change) {
    Corpus d;
    std::vector<Example> examples = d.examples;
    change(d, examples);
    return message_of([&] { train_linear_head(examples, d.labels, d.reader); });
  };
  EXPECT_THAT(train([](Corpus&, auto& e) { e.clear(); }), HasSubstr("no examples"));
  EXPECT_THAT(train([](Corpus&, auto& e) { e[3].label = 7; }), HasSubstr("example 4"));
  EXPECT_THAT(train([](Corpus&, auto& e) { e[0].weight = 0; }), HasSubstr("weight"));
  EXPECT_THAT(train([](Corpus&, auto& e) { e.resize(8); }), HasSubstr("label 3 has no example"));
  EXPECT_THAT(train([](Corpus& d, auto&) { d.labels[1] = d.labels[0]; }), HasSubstr("one name"));
  EXPECT_THAT(train([](Corpus& d, auto&) { d.features[2].sparse.emplace_back(5000, 1.0f); }), HasSubstr("example 3"));
}

TEST(LinearHead, DamagedFilesAreErrors) {
  Corpus c;
  const std::string good = train_linear_head(c.examples, c.labels, c.reader).save();
  const auto load = [](std::string bytes) { return message_of([&] { LinearHead::load(bytes, "x.head"); }); };
  EXPECT_THAT(load(""), HasSubstr("x.head"));
  EXPECT_THAT(load(good.substr(0, good.size() - 1)), HasSubstr("need"));
  EXPECT_THAT(load(good + "x"), HasSubstr("need"));
  std::string other = good;
  other.replace(other.find("head.v1"), 7, "head.v9");
  EXPECT_THAT(load(other), HasSubstr("text.head.v1"));
  // Every cut and every changed byte of the header is read or refused, never worse.
  for (std::size_t i = 0; i < std::min<std::size_t>(good.size(), 400); ++i) {
    std::string changed = good;
    changed[i] = static_cast<char>(changed[i] ^ 0x15);
    load(changed);
    load(good.substr(0, i));
  }
}

TEST(TopLabels, AreOrderedAndDecisivenessIsAShare) {
  const std::vector<float> p = {0.1f, 0.4f, 0.4f, 0.1f};
  const auto top = top_labels(p, 3);
  EXPECT_EQ(top[0].label, 1u);
  EXPECT_EQ(top[1].label, 2u);
  EXPECT_EQ(top[2].label, 0u);
  EXPECT_EQ(top_labels(p, 99).size(), 4u);
  EXPECT_NEAR(decisiveness(std::vector<float>(4, 0.25f)), 0, 1e-6);
  EXPECT_EQ(decisiveness(std::vector<float>{0, 1, 0}), 1);
}

TEST(Exemplars, NearestAndCentroid) {
  const HashedNgrams encoder;
  Exemplars e(encoder);
  e.add("animals", "cats and dogs", encoder);
  e.add("animals", "the dog barks", encoder);
  e.add("sky", "stars and moon", encoder);
  EXPECT_EQ(e.add("sky", "a bright star", encoder), 1u);
  EXPECT_EQ(e.size(), 4u);
  std::vector<float> scores(2);
  e.best(encoder.encoded("stars and moon"), scores);
  EXPECT_NEAR(scores[1], 1, 1e-5);
  EXPECT_LT(scores[0], 0.6);
  e.centroid(encoder.encoded("dogs bark"), scores);
  EXPECT_GT(scores[0], scores[1]);
  EXPECT_THAT(message_of([&] { e.add("x", std::vector<float>(3)); }), HasSubstr("3 values"));
}

TEST(Calibration, ErrorIsTheGap) {
  // Of ten at 0.95, six are right.
  const std::vector<double> confidence(10, 0.95);
  std::vector<std::uint8_t> correct(10, 0);
  for (int i = 0; i < 6; ++i) correct[static_cast<std::size_t>(i)] = 1;
  EXPECT_NEAR(calibration_error(reliability(confidence, correct)), 0.35, 1e-9);
  EXPECT_EQ(calibration_error({}), 0);
  EXPECT_THAT(message_of([] { reliability(std::vector<double>{1.5}, std::vector<std::uint8_t>{1}); }),
              HasSubstr("0 to 1"));
  EXPECT_THAT(message_of([] { reliability(std::vector<double>{1}, {}); }), HasSubstr("one for each"));
}

TEST(Calibration, TemperatureCoolsWhatIsTooSure) {
  std::mt19937 random(5);
  std::vector<float> scores;
  std::vector<std::uint32_t> truth;
  // Drawn from softmax(s), shown as 3 s.
  for (int i = 0; i < 4000; ++i) {
    const double s = std::normal_distribution<double>(0, 1.5)(random);
    truth.push_back(std::uniform_real_distribution<double>(0, 1)(random) < 1 / (1 + std::exp(-s)) ? 1 : 0);
    scores.push_back(0);
    scores.push_back(static_cast<float>(3 * s));
  }
  EXPECT_NEAR(fit_temperature(scores, 2, truth), 3, 0.25);
  EXPECT_EQ(fit_temperature({}, 2, {}), 1);
}

TEST(Calibration, PlattRecoversALogisticCurve) {
  std::mt19937 random(6);
  std::vector<double> scores;
  std::vector<std::uint8_t> outcomes;
  for (int i = 0; i < 5000; ++i) {
    scores.push_back(std::uniform_real_distribution<double>(-3, 3)(random));
    outcomes.push_back(std::uniform_real_distribution<double>(0, 1)(random) <
                       1 / (1 + std::exp(-(2 * scores.back() - 1))));
  }
  const Platt p = fit_platt(scores, outcomes);
  EXPECT_NEAR(p.a, -2, 0.2);
  EXPECT_NEAR(p.b, 1, 0.15);
  EXPECT_NEAR(p(0.5), 0.5, 0.03);
  EXPECT_THAT(message_of([] {
                fit_platt(std::vector<double>{1, 2}, std::vector<std::uint8_t>{1, 1});
              }),
              HasSubstr("alike"));
  // What can be told apart wholly stays finite.
  const Platt apart = fit_platt(std::vector<double>{0, 1, 2, 3}, std::vector<std::uint8_t>{0, 0, 1, 1});
  EXPECT_TRUE(std::isfinite(apart.a) && apart(3) > 0.7 && apart(0) < 0.3);
}

TEST(Calibration, IsotonicPoolsWhatFalls) {
  const Isotonic i(std::vector<double>{1, 2, 3, 4}, std::vector<std::uint8_t>{0, 1, 0, 1});
  EXPECT_DOUBLE_EQ(i(1), 0);
  EXPECT_DOUBLE_EQ(i(2.5), 0.5);
  EXPECT_DOUBLE_EQ(i(4), 1);
  EXPECT_DOUBLE_EQ(i(-9), 0);
  EXPECT_DOUBLE_EQ(i(9), 1);
  EXPECT_DOUBLE_EQ(i(1.75), 0.25);
  EXPECT_DOUBLE_EQ(Isotonic()(0.3), 0.3);
  EXPECT_DOUBLE_EQ(Isotonic(i.knots())(1.75), 0.25);
  const Isotonic ties(std::vector<double>{1, 1, 1, 1}, std::vector<std::uint8_t>{0, 1, 1, 1});
  EXPECT_DOUBLE_EQ(ties(1), 0.75);
  EXPECT_THAT(message_of([] { Isotonic({{1, 0.5}, {2, 0.4}}); }), HasSubstr("rise"));
  EXPECT_FALSE(std::isnan(i(std::nan(""))));
}

}  // namespace
}  // namespace wattline::text
