#include "study/anova.h"

#include <cmath>
#include <fstream>
#include <map>
#include <random>
#include <sstream>

#include <gtest/gtest.h>
#include <zlib.h>

#include "kernel/testing.h"
#include "study/pairwise.h"

namespace wattline::study {
namespace {

std::vector<Group> plant_growth() {
  return {{"ctrl", {4.17, 5.58, 5.18, 6.11, 4.50, 4.61, 5.17, 4.53, 5.33, 5.14}},
          {"trt1", {4.81, 4.17, 4.41, 3.59, 5.87, 3.83, 6.03, 4.89, 4.32, 4.69}},
          {"trt2", {6.31, 5.12, 5.54, 5.50, 5.37, 5.29, 4.92, 6.15, 5.80, 5.26}}};
}

struct Certified {
  std::vector<Group> groups;
  double between = 0, within = 0, f = 0, r_squared = 0, residual_sd = 0;
  double df_between = 0, df_within = 0;
};

std::string content(const std::filesystem::path& path) {
  std::string out;
  gzFile file = gzopen(path.c_str(), "rb");  // reads plain files as well
  char buffer[1 << 15];
  for (int n = 0; file && (n = gzread(file, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(n));
  if (file) gzclose(file);
  return out;
}

Certified read(const std::filesystem::path& path) {
  Certified c;
  std::istringstream in(content(path));
  std::string line, word;
  std::map<int, std::size_t> index;
  for (int number = 1; std::getline(in, line); ++number) {
    std::istringstream words(line);
    double mean_square = 0;
    if (line.starts_with("Between ")) words >> word >> word >> c.df_between >> c.between >> mean_square >> c.f;
    if (line.starts_with("Within ")) words >> word >> word >> c.df_within >> c.within;
    if (line.find("Certified R-Squared") != std::string::npos) words >> word >> word >> c.r_squared;
    if (line.find("Standard Deviation") != std::string::npos && number < 60) words >> word >> word >> c.residual_sd;
    int treatment = 0;
    double value = 0;
    if (number < 61 || !(words >> treatment >> value)) continue;
    const auto [it, fresh] = index.try_emplace(treatment, c.groups.size());
    if (fresh) c.groups.push_back({std::to_string(treatment), {}});
    c.groups[it->second].values.push_back(value);
  }
  return c;
}

struct Set {
  const char* file;
  double digits;  // relative error of F that reading the data as doubles leaves
};
class NistStrd : public testing::TestWithParam<Set> {};
INSTANTIATE_TEST_SUITE_P(OneWay, NistStrd,
                         testing::Values(Set{"SiRstv.dat", 1e-12}, Set{"SmLs01.dat", 1e-13}, Set{"SmLs02.dat", 1e-12},
                                         Set{"SmLs03.dat.gz", 1e-12}, Set{"SmLs05.dat", 1e-9},
                                         Set{"SmLs07.dat", 1e-3}));

TEST_P(NistStrd, CertifiedValues) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const auto path = *shared / "data" / "nist-anova" / GetParam().file;
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "skipped: no shared data";
  const Certified c = read(path);
  ASSERT_GT(c.f, 0);
  ASSERT_EQ(static_cast<double>(c.groups.size()), c.df_between + 1);
  const Anova a = anova(c.groups);
  EXPECT_EQ(a.df_between, c.df_between);
  EXPECT_EQ(a.df_within, c.df_within);
  const double e = GetParam().digits;
  EXPECT_NEAR(a.f / c.f, 1, e);
  EXPECT_NEAR(a.between / c.between, 1, e);
  EXPECT_NEAR(a.within / c.within, 1, e);
  EXPECT_NEAR(a.r_squared / c.r_squared, 1, e);
  EXPECT_NEAR(a.residual_sd / c.residual_sd, 1, e);
}

TEST(Anova, SiRstvWithItsP) {
  const std::vector<Group> g{{"1", {196.3052, 196.1240, 196.1890, 196.2569, 196.3403}},
                             {"2", {196.3042, 196.3825, 196.1669, 196.3257, 196.0422}},
                             {"3", {196.1303, 196.2005, 196.2889, 196.0343, 196.1811}},
                             {"4", {196.2795, 196.1748, 196.1494, 196.1485, 195.9885}},
                             {"5", {196.2119, 196.1051, 196.1850, 196.0052, 196.2090}}};
  const Anova a = anova(g);
  EXPECT_NEAR(a.f, 1.18046237440255, 1e-12);
  EXPECT_NEAR(a.p, 0.349447493402, 1e-12);
}

TEST(Anova, PlantGrowthAsInR) {
  const Anova a = anova(plant_growth());
  EXPECT_NEAR(a.f, 4.846087862380136, 1e-12);
  EXPECT_NEAR(a.p, 0.015909958325623, 1e-14);
  EXPECT_NEAR(a.between, 3.76634, 1e-9);
  EXPECT_NEAR(a.within, 10.49209, 1e-9);
  EXPECT_NEAR(a.eta_squared, 3.76634 / 14.25843, 1e-9);
  EXPECT_NEAR(a.omega_squared, (3.76634 - 2 * 10.49209 / 27) / (14.25843 + 10.49209 / 27), 1e-9);
}

TEST(Anova, WelchsOfTwoGroupsIsWelchsTSquared) {
  std::vector<Group> g = plant_growth();
  g.pop_back();
  const WelchAnova w = welch_anova(g);
  const MeanDifference d = welch(g[0].values, g[1].values, 0.95);
  EXPECT_NEAR(w.f, d.t * d.t, 1e-12);
  EXPECT_NEAR(w.df2, d.df, 1e-9);
  EXPECT_NEAR(w.p, d.p, 1e-12);
}

// oneway.test(weight ~ group, PlantGrowth) in R.
TEST(Anova, WelchsPlantGrowthAsInR) {
  const WelchAnova w = welch_anova(plant_growth());
  EXPECT_NEAR(w.f, 5.181, 5e-4);
  EXPECT_NEAR(w.df2, 17.128, 5e-4);
  EXPECT_NEAR(w.p, 0.01739, 5e-6);
}

// car::leveneTest of PlantGrowth: F = 1.1192, p = 0.3412 about medians.
TEST(Levene, PlantGrowthAsInR) {
  const Anova l = levene(plant_growth());
  EXPECT_NEAR(l.f, 1.1192, 5e-5);
  EXPECT_NEAR(l.p, 0.3412, 5e-5);
}

TEST(Anova, WelchHoldsItsLevelWhereSpreadsDiffer) {
  std::mt19937_64 random(31);
  std::normal_distribution<double> z(0, 1);
  int classical = 0, robust = 0;
  constexpr int studies = 2000;
  for (int s = 0; s < studies; ++s) {
    std::vector<Group> g{{"a", std::vector<double>(20)}, {"b", std::vector<double>(10)}, {"c", std::vector<double>(5)}};
    double sd = 1;
    for (auto& group : g) {
      for (double& x : group.values) x = sd * z(random);
      sd *= 2;
    }
    classical += anova(g).p < 0.05;
    robust += welch_anova(g).p < 0.05;
  }
  EXPECT_GT(classical / static_cast<double>(studies), 0.2);  // misled
  EXPECT_NEAR(robust / static_cast<double>(studies), 0.059, 0.02);
}

TEST(Anova, SaysWhyThereIsNoTest) {
  EXPECT_FALSE(anova({}).no_test.empty());
  EXPECT_FALSE(anova({{"a", {1, 2}}}).no_test.empty());
  EXPECT_FALSE(anova({{"a", {1}}, {"b", {2}}}).no_test.empty());
  EXPECT_FALSE(anova({{"a", {1, 1}}, {"b", {2, 2}}}).no_test.empty());
  EXPECT_FALSE(anova({{"a", {1, 1}}, {"b", {1, 1}}}).no_test.empty());
  EXPECT_TRUE(std::isnan(anova({{"a", {1, 1}}, {"b", {2, 2}}}).p));
  EXPECT_FALSE(welch_anova({{"a", {1, 2}}, {"b", {2, 2}}}).no_test.empty());
  EXPECT_FALSE(welch_anova({{"a", {1, 2}}, {"b", {2}}}).no_test.empty());
  EXPECT_FALSE(levene({{"a", {1, 1}}, {"b", {2, 2}}}).no_test.empty());
}

TEST(Pairwise, TukeyOfPlantGrowthAsInR) {
  const auto pairs = pairwise(plant_growth(), 0.95);
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_NEAR(pairs[0].p_tukey, 0.3908711, 5e-8);
  EXPECT_NEAR(pairs[1].p_tukey, 0.1979960, 5e-8);
  EXPECT_NEAR(pairs[2].p_tukey, 0.0120064, 5e-8);
  for (const Pair& p : pairs) {
    // The simultaneous interval says the same as its p.
    EXPECT_EQ(p.p_games_howell<0.05, p.interval.low> 0 || p.interval.high < 0);
    EXPECT_GE(p.p_holm, p.welch.p);
    EXPECT_LT(p.interval.low, p.welch.interval.low);
  }
}

TEST(Pairwise, OfTwoGroupsIsWelch) {
  auto g = plant_growth();
  g.pop_back();
  const auto pairs = pairwise(g, 0.95);
  ASSERT_EQ(pairs.size(), 1u);
  EXPECT_NEAR(pairs[0].p_games_howell, pairs[0].welch.p, 1e-9);
  EXPECT_NEAR(pairs[0].interval.low, pairs[0].welch.interval.low, 1e-6);
  EXPECT_DOUBLE_EQ(pairs[0].p_holm, pairs[0].welch.p);
}

TEST(Pairwise, ConstantGroupsHaveNoTest) {
  const auto pairs = pairwise({{"a", {1, 1}}, {"b", {1, 1}}, {"c", {1, 2}}}, 0.95);
  ASSERT_EQ(pairs.size(), 3u);
  EXPECT_TRUE(std::isnan(pairs[0].p_games_howell));
  EXPECT_TRUE(std::isnan(pairs[0].p_holm));
  EXPECT_FALSE(std::isnan(pairs[1].p_holm));
}

TEST(Pairwise, ManyGroupsAreComparedWithTheFirst) {
  std::vector<Group> g;
  for (int k = 0; k < 20; ++k) g.push_back({std::to_string(k), {1.0 * k, 2.0 + k, 4.0 + k}});
  EXPECT_EQ(pairwise(g, 0.95).size(), 19u);
}

TEST(Multiplicity, HolmAndBenjaminiHochberg) {
  const std::vector<double> p{0.01, 0.04, 0.03, std::nan("")};
  const auto h = holm(p), b = benjamini_hochberg(p);
  EXPECT_DOUBLE_EQ(h[0], 0.03);
  EXPECT_DOUBLE_EQ(h[1], 0.06);
  EXPECT_DOUBLE_EQ(h[2], 0.06);
  EXPECT_TRUE(std::isnan(h[3]));
  EXPECT_DOUBLE_EQ(b[0], 0.03);
  EXPECT_DOUBLE_EQ(b[1], 0.04);
  EXPECT_DOUBLE_EQ(b[2], 0.04);
  EXPECT_TRUE(holm({}).empty());
}

}  // namespace
}  // namespace wattline::study
