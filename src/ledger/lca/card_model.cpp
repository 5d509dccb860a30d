#include "ledger/lca/card_model.h"

#include <cassert>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::ledger::lca {

double effective_area_mm2(double chip_mm2, double defects_per_cm2) {
  const double expected = defects_per_cm2 * chip_mm2 / 100;  // defects of the chip
  if (expected <= 0) return chip_mm2;
  const double root = -std::expm1(-expected) / expected;
  return chip_mm2 / (root * root);
}

double quantity_of(const Card& c, Part part, double defects) {
  switch (part) {
    case casing: return c.casing_kg;
    case heatsink: return c.heatsink_kg;
    case board: return c.board_cm2;
    case chip: return effective_area_mm2(c.chip_mm2, defects);
    case memory: return c.memory_packages;
    case upstream:
    case end_of_life: return c.mass_kg;
  }
  return NAN;
}

std::string_view quantity_unit(Part part) {
  switch (part) {
    case board: return "cm2";
    case chip: return "mm2 effective";
    case memory: return "package";
    default: return "kg";
  }
}

UnitFactors unit_factors(const Data& data, const std::string& memory_type, const FactorRules& rules,
                         const Card* leave_out) {
  const double defects = data.value("chip", "defect_density").value;
  UnitFactors out;
  for (std::size_t p = 0; p < part_count; ++p) {
    UnitFactor& f = out.parts[p];
    for (const Card* card : data.taken_apart()) {
      if (card == leave_out) continue;
      if (p == memory && rules.memory == MemoryRule::by_type && card->memory_type != memory_type) continue;
      if (!rules.outliers && card->parts[p].quality == "proxy") continue;
      const double quantity = quantity_of(*card, static_cast<Part>(p), defects);
      if (!(quantity > 0)) continue;  // a card without casing says nothing about casings
      for (std::size_t c = 0; c < f.mean.size(); ++c) f.mean[c] += card->parts[p].scores[c] / quantity;
      ++f.cards;
    }
    if (!f.cards)
      throw Error(ErrorKind::not_found,
                  fmt::format("no card taken apart tells the {} of a card with {} memory", to_string(Part(p)),
                              memory_type.empty() ? "unknown" : memory_type),
                  "lca_components.csv", "gddr and hbm are known");
    for (auto& x : f.mean) x /= static_cast<double>(f.cards);
  }
  return out;
}

std::vector<std::string> missing_fields(const Card& c) {
  std::vector<std::string> out;
  const auto need = [&](double v, const char* option) {
    if (std::isnan(v)) out.emplace_back(option);
  };
  need(c.mass_kg, "--card-mass");
  need(c.casing_kg, "--casing-mass");
  need(c.heatsink_kg, "--heatsink-mass");
  need(c.board_cm2, "--board-area");
  need(c.chip_mm2, "--chip-area");
  need(c.memory_packages, "--memory-packages");
  if (c.memory_type.empty()) out.emplace_back("--memory-type");
  return out;
}

std::array<CardPart, part_count> parametric_parts(const Card& card, const UnitFactors& factors, double defects) {
  assert(missing_fields(card).empty());
  std::array<CardPart, part_count> out;
  for (std::size_t p = 0; p < part_count; ++p) {
    const double quantity = quantity_of(card, static_cast<Part>(p), defects);
    for (std::size_t c = 0; c < out[p].scores.size(); ++c) out[p].scores[c] = quantity * factors.parts[p].mean[c];
    out[p].quality = "secondary";
  }
  return out;
}

LeaveOneOut leave_one_out(const Data& data, const FactorRules& rules) {
  const double defects = data.value("chip", "defect_density").value;
  LeaveOneOut out;
  out.low = filled(HUGE_VAL);
  out.high = filled(-HUGE_VAL);
  for (const Card* card : data.taken_apart()) {
    Card predicted = *card;
    predicted.parts = parametric_parts(*card, unit_factors(data, card->memory_type, rules, card), defects);
    const Scores ours = predicted.manufacture(), truth = card->manufacture();
    Scores error{};
    for (std::size_t c = 0; c < error.size(); ++c) {
      error[c] = ours[c] / truth[c] - 1;
      out.low[c] = std::min(out.low[c], error[c]);
      out.high[c] = std::max(out.high[c], error[c]);
      const double log_error = std::log(ours[c] / truth[c]);
      out.log_rms[c] += log_error * log_error;
    }
    out.cards.push_back(card->name);
    out.error.push_back(error);
  }
  for (auto& x : out.log_rms) x = std::sqrt(x / static_cast<double>(out.cards.size()));
  return out;
}

}  // namespace wattline::ledger::lca
