// The parametric card: impacts of making and discarding a card from its masses and areas (arXiv
// 2509.00093, section 2 of its method), pure.
//
//   make    = m_casing f + m_heatsink f + A_board f + A_eff f_chip + n_memory f_memory(type) + m f_upstream
//   discard = m f_end
//
// One rule of effective chip area holds for deriving the factors and for using them: Murphy's yield.
//   A_eff = A / Y,  Y = ((1 - e^(-D A)) / (D A))^2,  D defects per cm2
// Memory is by package and type: in the cards taken apart a package's impact does not follow its area.
// A unit factor is the mean over the cards taken apart of impact / quantity; the circuit board that is
// marked as proxy (an outlier of the source) is left out of it.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "ledger/lca/data.h"

namespace wattline::ledger::lca {

double effective_area_mm2(double chip_mm2, double defects_per_cm2);

// What a part is counted by: kg, cm2, effective mm2, packages, kg of the whole card. NaN: not documented.
double quantity_of(const Card&, Part, double defects_per_cm2);
std::string_view quantity_unit(Part);

struct UnitFactor {
  Scores mean{};
  std::size_t cards = 0;  // that it is the mean of
};
struct UnitFactors {
  std::array<UnitFactor, part_count> parts;  // [memory]: of the type asked for
};

enum class MemoryRule { by_type, pooled };  // pooled: all packages alike, whatever their type
struct FactorRules {
  MemoryRule memory = MemoryRule::by_type;
  bool outliers = false;  // take proxies into the means
};
// From the cards taken apart but `leave_out`; Error when no card of that memory type is left.
UnitFactors unit_factors(const Data&, const std::string& memory_type, const FactorRules& = {},
                         const Card* leave_out = nullptr);

// The fields that the card lacks for the model, as the options are called ("--chip-area").
std::vector<std::string> missing_fields(const Card&);
// The card's parts from unit factors; nothing may be missing.
std::array<CardPart, part_count> parametric_parts(const Card&, const UnitFactors&, double defects_per_cm2);

// Each card predicted from the others: prediction / truth - 1 of the manufacture, by category.
struct LeaveOneOut {
  std::vector<std::string> cards;
  std::vector<Scores> error;  // [card]
  Scores low{}, high{};
  Scores log_rms{};  // root mean square of ln(prediction / truth): how far the model is off
};
LeaveOneOut leave_one_out(const Data&, const FactorRules& = {});

}  // namespace wattline::ledger::lca
