// What flows into a node of the line flows out of it, but for where it ends.
#include "serve/line.h"

#include <map>

#include <gtest/gtest.h>

#include "catalog/place_options.h"

namespace wattline::serve {
namespace {

TEST(Line, EnergyAndCarbonAreKeptAtEveryNode) {
  const auto catalog = catalog::Catalog::load();
  catalog::PlaceOptions place;
  place.place = "FR";
  place.pue = 1.5;
  const Footprint footprint(catalog::resolve(place, *catalog));
  const auto basis = footprint.basis("m", "llama-3.1-8b", "up", "device", Method::modelled, {"a source"});
  std::vector<AnswerPtr> answers;
  for (int i = 0; i < 4; ++i) {
    Answer a;
    a.id = std::to_string(i);
    a.basis = basis;
    a.status = i == 3 ? AnswerStatus::cancelled : AnswerStatus::ok;
    a.tokens_out = 7;
    a.energy = Estimate<Energy>::with_sd(Energy(10), Energy(1), Method::modelled, {});
    a.prefill = Energy(4);
    a.decode = Energy(6);
    answers.push_back(std::make_shared<const Answer>(a));
  }
  const Line line = draw_line(
      answers, [&](const Basis&) -> const Footprint& { return footprint; }, Time::now());
  std::map<std::string, std::pair<double, double>> in, out;
  for (const auto& l : line.links) {
    out[l.from].first += l.energy_j;
    out[l.from].second += l.carbon_g;
    in[l.to].first += l.energy_j;
    in[l.to].second += l.carbon_g;
  }
  for (const auto& [node, flow] : in)
    if (out.count(node)) {
      EXPECT_NEAR(flow.first, out[node].first, 1e-9) << node;
      EXPECT_NEAR(flow.second, out[node].second, 1e-12) << node;
    }
  EXPECT_NEAR(out["grid FR"].first, 60, 1e-9);
  EXPECT_NEAR(in["overhead"].first, 20, 1e-9);
  EXPECT_NEAR(in["waste"].first, 10, 1e-9);
  EXPECT_NEAR(in["answered"].first, 30, 1e-9);
  EXPECT_NEAR(out["grid FR"].second, line.carbon.value, 1e-9 * line.carbon.value);
  EXPECT_EQ(line.tokens_out, 28);
}

TEST(Line, NothingAnsweredIsAnEmptyLine) {
  const auto catalog = catalog::Catalog::load();
  const Footprint footprint(catalog::resolve({}, *catalog));
  const Line line = draw_line(
      {}, [&](const Basis&) -> const Footprint& { return footprint; }, Time::now());
  EXPECT_TRUE(line.links.empty());
  EXPECT_EQ(line.energy.value, 0);
}

// The quick arithmetic of an answer against the estimates of the kernel.
TEST(Footprint, AgreesWithTheEstimates) {
  const auto catalog = catalog::Catalog::load();
  catalog::PlaceOptions place;
  place.place = "DE";
  const Footprint footprint(catalog::resolve(place, *catalog));
  Answer a;
  a.energy = Estimate<Energy>::with_sd(Energy(123), Energy(30), Method::modelled, "x");
  footprint.apply(a);
  const auto carbon = footprint.grid().carbon(a.energy);
  const auto water = footprint.grid().water(a.energy);
  EXPECT_NEAR(a.carbon.value, carbon.value().in(units::mgCO2e), 1e-9 * a.carbon.value);
  EXPECT_NEAR(a.carbon.low, carbon.low().in(units::mgCO2e), 0.02 * a.carbon.value);
  EXPECT_NEAR(a.carbon.high, carbon.high().in(units::mgCO2e), 0.02 * a.carbon.value);
  EXPECT_NEAR(a.water.value, water.value().in(units::mL), 1e-9 * a.water.value);
  EXPECT_NEAR(a.water.high, water.high().in(units::mL), 0.02 * a.water.high);
}

}  // namespace
}  // namespace wattline::serve
