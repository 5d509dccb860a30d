#include "ledger/project/sensitivity.h"

#include <gtest/gtest.h>

#include "kernel/error.h"
#include "ledger/project/environment_return.h"

namespace wattline::ledger {
namespace {

const catalog::Catalog& rows() {
  static const auto all = catalog::Catalog::load();
  return *all;
}
Sensitivity of(const char* name) {
  const PortfolioModel m = portfolio_model(rows());
  for (auto& s : published_scenarios(rows(), ParameterSet::fitted))
    if (s.name == name) return Sensitivity(rows(), m, demand_of(m, reference_use_cases(rows(), m)), s);
  throw bad_input("no such scenario");
}

// "Size or tokens +-10 % give +-10 %": tokens a little less, for the time to the first token.
TEST(PortfolioSensitivity, TenPercentOfSizeOrTokensAreTenPercent) {
  const Sensitivity s = of("steady_adoption");
  const double as_assumed = s.future(unmoved()).kwh;
  for (const auto& [lever, tolerance] : {std::pair{Lever::model_size, 1e-3}, {Lever::output_tokens, 0.006}})
    for (const double by : {0.9, 1.1}) {
      LeverValues v = unmoved();
      v[static_cast<std::size_t>(lever)] = by;
      EXPECT_NEAR(s.future(v).kwh / as_assumed, by, tolerance) << by;
    }
}

TEST(PortfolioSensitivity, EachLeverMovesTheResultAndUnmovedIsAsAssumed) {
  const Sensitivity s = of("intermediate");
  const double carbon = s.future(unmoved()).total().gwp;
  for (const auto& swing : s.tornado()) {
    EXPECT_GT(swing.width(), 0) << lever_names()[static_cast<std::size_t>(swing.lever)];
    EXPECT_GT(std::max(swing.low, swing.high), carbon);
    EXPECT_LT(std::min(swing.low, swing.high), carbon);
  }
  EXPECT_LT(s.swing(Lever::hardware, {0.5, 2}).high, carbon) << "better hardware is less carbon";
}

TEST(PortfolioSensitivity, SobolAgreesWithTheTornadoOnWhatMatters) {
  Context context;
  const Sensitivity s = of("intermediate");
  const auto indices = s.sobol(256, context);
  double firsts = 0;
  for (const auto& i : indices.of) {
    EXPECT_GE(i.total, 0);
    firsts += i.first;
  }
  EXPECT_LT(firsts, 1.1);
  const auto total = [&](Lever l) { return indices.of[static_cast<std::size_t>(l)].total; };
  EXPECT_GT(total(Lever::hardware), total(Lever::grid));
  EXPECT_GT(total(Lever::requests), total(Lever::embodied));
  const double median = study::sorted_quantile(indices.outputs, 0.5);
  EXPECT_NEAR(median / s.future(unmoved()).total().gwp, 1, 0.25);
}

TEST(EnvironmentReturn, NothingIsAssumed) {
  const auto footprint = Estimate<Carbon>::exact(100 * units::tCO2e);
  ReturnOptions o;
  EXPECT_FALSE(environment_return(o, footprint, Carbon(0), 1, rows()));
  o.avoided = 400 * units::tCO2e;
  EXPECT_THROW(environment_return(o, footprint, Carbon(0), 1, rows()), Error);
  o.baseline = "by hand";
  o.period = "2024";
  EXPECT_THROW(environment_return(o, footprint, Carbon(0), 1, rows()), Error);
  o.attribution = 0.5;
  EXPECT_THROW(environment_return(o, footprint, Carbon(0), 1, rows()), Error);
  o.evidence = Evidence::B;
  const auto r = environment_return(o, footprint, Carbon(0), 1000, rows());
  ASSERT_TRUE(r);
  EXPECT_NEAR(r->ratio.value().base(), 2, 1e-12);
  EXPECT_LT(r->ratio.low().base(), 2);
  o.rebound = 0.5;
  EXPECT_NEAR(environment_return(o, footprint, Carbon(0), 1000, rows())->ratio.value().base(), 1, 1e-12);
  o.rebound = 1.5;
  EXPECT_LT(environment_return(o, footprint, Carbon(0), 1000, rows())->ratio.value().base(), 0)
      << "backfire is not clipped";
  o.avoided = {};
  EXPECT_THROW(environment_return(o, footprint, Carbon(0), 1, rows()), Error) << "a rebound of nothing";
}

TEST(EnvironmentReturn, WorseEvidenceIsWider) {
  const auto footprint = Estimate<Carbon>::exact(100 * units::tCO2e);
  double before = 0;
  for (const auto e : {Evidence::A, Evidence::B, Evidence::C, Evidence::D}) {
    const ReturnOptions o{400 * units::tCO2e, "x", "2024", 1, {}, e};
    const auto r = environment_return(o, footprint, Carbon(0), 1, rows());
    const double width = r->ratio.high().base() - r->ratio.low().base();
    EXPECT_GT(width, before);
    before = width;
  }
}

TEST(EnvironmentReturn, BreakEven) {
  const auto uses = break_even(1000, 3, 1);
  ASSERT_TRUE(uses);
  EXPECT_DOUBLE_EQ(*uses, 500);
  EXPECT_DOUBLE_EQ(*uses * 3, 1000 + *uses * 1) << "what it means";
  EXPECT_FALSE(break_even(1000, 1, 1));
  EXPECT_FALSE(break_even(1000, 1, 2));
}

}  // namespace
}  // namespace wattline::ledger
