#include "ledger/project/sensitivity.h"

#include <algorithm>
#include <cmath>

#include <boost/math/distributions/normal.hpp>

#include "kernel/error.h"

namespace wattline::ledger {
namespace {

double of(const LeverValues& v, Lever l) { return v[static_cast<std::size_t>(l)]; }

}  // namespace

const std::vector<std::string>& lever_names() {
  static const std::vector<std::string> names{"requests",    "output_tokens", "power",         "slices",
                                              "electricity", "embodied",      "growth_agents", "growth_other",
                                              "hardware",    "model_size",    "grid"};
  return names;
}

LeverValues unmoved() {
  LeverValues v;
  v.fill(1);
  return v;
}

Sensitivity::Sensitivity(const catalog::Catalog& c, PortfolioModel m, DemandTable d, Scenario s)
    : model_(std::move(m)), demand_(std::move(d)), scenario_(std::move(s)) {
  for (std::size_t l = 0; l < levers; ++l) {
    ranges_[l] = c.factor("project.spread." + lever_names()[l]).interval;
    if (!(ranges_[l].low > 0))
      throw bad_input("a range that does not lie above 0", "project.spread." + lever_names()[l]);
  }
}

FamilyFootprints Sensitivity::families(const LeverValues& v) const {
  PortfolioModel m = model_;
  m.slice_watts *= of(v, Lever::power);
  for (auto& s : m.sizes) s.slices *= of(v, Lever::slices);
  // Power is more energy for the same hours: the hours of the small models' compute are given as energy.
  for (auto& t : m.tasks) t.compute *= of(v, Lever::power);
  m.electricity = m.electricity * of(v, Lever::electricity);
  for (auto* made : {&m.slice_hour, &m.core_hour, &m.storage_gb_hour, &m.network_gb})
    *made = *made * of(v, Lever::embodied);
  DemandTable d = demand_;
  for (auto& task : d)
    for (auto& x : task) {
      const double n = of(v, Lever::requests);
      x.inferences *= n, x.calls *= n, x.tokens_in *= n, x.nlp *= n;
      x.tokens_out *= n * of(v, Lever::output_tokens);
    }
  return footprints(m, d);
}

Scenario Sensitivity::scenario(const LeverValues& v) const {
  Scenario s = scenario_;
  for (std::size_t f = 0; f < ai_families; ++f)
    s.growth[f] *= of(v, static_cast<AiFamily>(f) == AiFamily::agents ? Lever::growth_agents : Lever::growth_other);
  s.hardware *= of(v, Lever::hardware);
  s.size *= of(v, Lever::model_size);
  s.grid *= of(v, Lever::grid);
  return s;
}

Footprint Sensitivity::today(const LeverValues& v) const { return sum(families(v)); }
Footprint Sensitivity::future(const LeverValues& v) const { return project(scenario(v), families(v), model_.pue); }

std::vector<Swing> Sensitivity::tornado() const {
  std::vector<Swing> out;
  for (std::size_t l = 0; l < levers; ++l) out.push_back(swing(static_cast<Lever>(l), ranges_[l]));
  std::stable_sort(out.begin(), out.end(), [](const Swing& a, const Swing& b) { return a.width() > b.width(); });
  return out;
}

Swing Sensitivity::swing(Lever l, Interval range) const {
  Swing s{l, range.low, range.high, 0, 0};
  LeverValues v = unmoved();
  v[static_cast<std::size_t>(l)] = s.low_at;
  s.low = future(v).total().gwp;
  v[static_cast<std::size_t>(l)] = s.high_at;
  s.high = future(v).total().gwp;
  return s;
}

study::SobolIndices Sensitivity::sobol(std::size_t points, const Context& context) const {
  const boost::math::normal unit;
  return study::sobol_indices(
      levers, points,
      [&](std::span<const double> u) {
        LeverValues v;
        for (std::size_t l = 0; l < levers; ++l) {
          // Log-normal: the ends of the range are its 2.5 % and 97.5 % points.
          const double low = std::log(ranges_[l].low), high = std::log(ranges_[l].high);
          v[l] = std::exp(0.5 * (low + high) + (high - low) / (2 * 1.959963984540054) * quantile(unit, u[l]));
        }
        return future(v).total().gwp;
      },
      context);
}

}  // namespace wattline::ledger
