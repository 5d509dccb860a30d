#include "ledger/lca/life_cycle.h"

#include <algorithm>
#include <vector>

namespace wattline::ledger::lca {

std::string_view to_string(Stage s) {
  constexpr std::string_view names[] = {"manufacture", "transport", "use", "end of life"};
  return names[s];
}

double lives_of_run(Allocation rule, const Life& life, double card_hours, double card_kwh, double life_power_w) {
  switch (rule) {
    case Allocation::time: return card_hours / life.hours_in_use();
    case Allocation::calendar: return card_hours / (life.years * life.hours_per_year);
    case Allocation::energy: return 1000 * card_kwh / (life_power_w * life.hours_in_use());
  }
  return NAN;
}

double Cycle::share(Stage s, std::size_t c) const {
  if (!use_assessed(c)) return NAN;
  return total[c] > 0 ? stages[s][c] / total[c] : 0;
}

Stage Cycle::leader(std::size_t c) const {
  std::size_t best = 0;
  for (std::size_t s = 1; s < stage_count; ++s)
    if (stages[s][c] > stages[best][c]) best = s;  // NaN is never greater
  return static_cast<Stage>(best);
}

Cycle life_cycle(const CycleInput& in) {
  Cycle out;
  out.low = out.high = out.use_share_low = out.use_share_high = not_assessed();
  for (std::size_t c = 0; c < out.total.size(); ++c) {
    double parts = 0;
    for (std::size_t p = 0; p < made_parts; ++p) parts += in.parts[p].scores[c];
    out.stages[made][c] = in.lives * parts;
    out.stages[transport][c] = in.lives * in.freight_per_card[c];
    out.stages[use][c] = in.facility_kwh > 0 ? in.facility_kwh * in.per_kwh[c] : 0;
    out.stages[end][c] = in.lives * in.parts[end_of_life].scores[c];
    for (const auto& stage : out.stages)
      if (!std::isnan(stage[c])) out.total[c] += stage[c];
  }
  return out;
}

void draw_intervals(Cycle& cycle, const CycleInput& in, const CycleSpread& spread, std::mt19937_64 random,
                    std::size_t draws) {
  std::normal_distribution<> normal;
  constexpr std::size_t n = category_count + 1;
  std::array<std::vector<double>, n> totals, shares;
  for (auto& t : totals) t.reserve(draws);
  for (auto& s : shares) s.reserve(draws);
  for (std::size_t i = 0; i < draws; ++i) {
    std::array<double, part_count> part{};
    for (std::size_t p = 0; p < part_count; ++p) part[p] = std::exp(spread.parts[p] * normal(random));
    const double freight = std::exp(spread.freight * normal(random)), energy = std::exp(spread.energy * normal(random));
    const double model = normal(random), electricity = normal(random);
    for (std::size_t c = 0; c < n; ++c) {
      double make = 0;
      for (std::size_t p = 0; p < made_parts; ++p) make += in.parts[p].scores[c] * part[p];
      double total = in.lives * (make * std::exp(spread.model[c] * model) + in.freight_per_card[c] * freight +
                                 in.parts[end_of_life].scores[c] * part[end_of_life]);
      const double used = cycle.stages[use][c] * energy * std::exp(spread.electricity[c] * electricity);
      if (!std::isnan(used)) total += used;
      totals[c].push_back(total);
      shares[c].push_back(total > 0 ? used / total : 0);
    }
  }
  const auto at = [&](std::vector<double>& v, double p) {
    const auto k = static_cast<std::ptrdiff_t>(p * static_cast<double>(v.size() - 1) + 0.5);
    std::nth_element(v.begin(), v.begin() + k, v.end());
    return v[static_cast<std::size_t>(k)];
  };
  for (std::size_t c = 0; c < n; ++c) {
    cycle.low[c] = at(totals[c], 0.025);
    cycle.high[c] = at(totals[c], 0.975);
    if (!cycle.use_assessed(c)) continue;
    cycle.use_share_low[c] = at(shares[c], 0.025);
    cycle.use_share_high[c] = at(shares[c], 0.975);
  }
}

Part leading_part(const std::array<CardPart, part_count>& parts, std::size_t category) {
  std::size_t best = 0;
  for (std::size_t p = 1; p < made_parts; ++p)
    if (parts[p].scores[category] > parts[best].scores[category]) best = p;
  return static_cast<Part>(best);
}

}  // namespace wattline::ledger::lca
