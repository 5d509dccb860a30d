// Stages of a card's life added up for what is asked about, with intervals; pure.
//
//   made      = n * sum of parts                 n: lives of cards that are charged to it
//   transport = n * m * sum_mode distance * f_mode
//   use       = E * f_electricity                E: kWh at the meter of the building
//   end       = n * m * f_end
//
// n for a run of H card-hours on cards of life L (years of 8,760 h), in use for the share u of it:
//   time      H / (L * 8760 * u)      the hours in use carry the idle ones
//   calendar  H / (L * 8760)          idle hours are nobody's; of cards reserved, H holds them
//   energy    E_cards / (P * L * 8760 * u)   P: mean power over the life in use
//
// Uncertainty: log-normal by quality class, geometric standard deviations of lca_values.csv (proposed by
// this program, not by the paper), drawn with a seed; intervals are 95 %.
#pragma once

#include <array>
#include <cstdint>
#include <random>

#include "ledger/lca/data.h"

namespace wattline::ledger::lca {

enum class Allocation { time, calendar, energy };

struct Life {
  double years = 3, utilisation = 1, hours_per_year = 8760;
  double hours_in_use() const { return years * hours_per_year * utilisation; }
};
// Card-lives charged to a run; `life_power_w` matters to the energy rule alone.
double lives_of_run(Allocation, const Life&, double card_hours, double card_kwh, double life_power_w);

struct CycleInput {
  std::array<CardPart, part_count> parts;  // of one card
  double lives = 1;
  Scores freight_per_card{};  // distances and mass already in it
  double facility_kwh = 0;
  Scores per_kwh = not_assessed();
};
// How far each cause may be off: sigma of ln.
struct CycleSpread {
  std::array<double, part_count> parts{};
  Scores model{};  // of the whole manufacture of a card that was not taken apart, by category
  double freight = 0, energy = 0;
  Scores electricity{};
};

enum Stage { made, transport, use, end };
inline constexpr std::size_t stage_count = 4;
std::string_view to_string(Stage);

struct Cycle {
  std::array<Scores, stage_count> stages{};  // NaN in use: not assessed
  Scores total{};  // of the stages that are assessed
  Scores low{}, high{};  // of the total, 95 %; NaN before they are drawn
  Scores use_share_low{}, use_share_high{};

  bool use_assessed(std::size_t category) const { return !std::isnan(stages[use][category]); }
  double share(Stage, std::size_t category) const;  // of the total; NaN where use is not assessed
  // The stage of the largest share; among the assessed ones only.
  Stage leader(std::size_t category) const;
};
Cycle life_cycle(const CycleInput&);
void draw_intervals(Cycle&, const CycleInput&, const CycleSpread&, std::mt19937_64, std::size_t draws = 4000);

// The made part of the largest share in a category.
Part leading_part(const std::array<CardPart, part_count>&, std::size_t category);

}  // namespace wattline::ledger::lca
