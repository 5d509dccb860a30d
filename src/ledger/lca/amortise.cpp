#include "ledger/lca/amortise.h"

#include "kernel/units.h"
#include "ledger/lca/card_model.h"

namespace wattline::ledger::lca {
namespace {

// Relative standard uncertainty of a log-normal of this sigma.
double relative_sd(double sigma) { return std::sqrt(std::expm1(sigma * sigma)); }

}  // namespace

Amortiser::Amortiser(std::shared_ptr<const Data> data, const std::optional<Life>& given) : data_(std::move(data)) {
  if (given) {
    life_ = *given;
  } else {
    life_.years = data_->value("default", "lifetime").value;
    life_.utilisation = data_->value("default", "utilisation").value;
  }
  life_.hours_per_year = data_->value("time", "hours_per_year").value;
  for (const auto& card : data_->cards()) cards_.push_back(per_life(card));
}

Amortiser::PerLife Amortiser::per_life(const Card& card) const {
  PerLife out;
  if (!missing_fields(card).empty()) return out;
  out.card = card.name;
  Card made_of = card;
  Scores model{};
  if (!card.taken_apart) {
    made_of.parts =
        parametric_parts(card, unit_factors(*data_, card.memory_type), data_->value("chip", "defect_density").value);
    model = leave_one_out(*data_).log_rms;
  }
  Scores freight{};
  for (const char* mode : {"air", "sea", "road"}) {
    const double km = data_->value("default", mode).value;
    for (std::size_t c = 0; c < freight.size(); ++c)
      freight[c] += km * card.mass_kg * data_->freight(mode).per_kg_km[c];
  }
  const double freight_sd = relative_sd(std::log(data_->spread("secondary")));
  for (std::size_t c = 0; c < out.value.size(); ++c) {
    const double make = made_of.manufacture()[c];
    double variance = std::pow(make * relative_sd(model[c]), 2) + std::pow(freight[c] * freight_sd, 2);
    out.value[c] = freight[c];
    for (const auto& part : made_of.parts) {
      out.value[c] += part.scores[c];
      variance += std::pow(part.scores[c] * relative_sd(std::log(data_->spread(part.quality))), 2);
    }
    out.sd[c] = std::sqrt(variance);
  }
  return out;
}

std::optional<Amortised> Amortiser::of(std::string_view device, Duration use_time) const {
  const Card* card = data_->find_card(device);
  if (!card || use_time < Duration(0)) return std::nullopt;
  const PerLife& life = cards_[static_cast<std::size_t>(card - data_->cards().data())];
  if (life.card.empty()) return std::nullopt;
  Amortised out;
  out.card = life.card;
  out.lives = use_time.in(units::hour) / life_.hours_in_use();
  const auto charged = [&](std::size_t c, double unit) {
    RawEstimate e(out.lives * unit * life.value[c], out.lives * unit * life.sd[c], Method::modelled,
                  "manufacture of " + life.card);
    e.attribute_to("lca.card." + life.card);
    return e;
  };
  out.climate = Estimate<Carbon>(charged(0, units::kgCO2e.base()));
  out.minerals = charged(data_->category("ADPe"), 1);
  out.fossil_energy = Estimate<Energy>(charged(data_->category("ADPf"), units::MJ.base()));
  out.primary_energy = Estimate<Energy>(charged(primary_energy, units::MJ.base()));
  out.water_deprivation = charged(data_->category("WU"), 1);
  return out;
}

std::optional<FactorUse> Amortiser::use_of(std::string_view device) const {
  const Card* card = data_->find_card(device);
  if (!card || cards_[static_cast<std::size_t>(card - data_->cards().data())].card.empty()) return std::nullopt;
  return data_->use(*card);
}

}  // namespace wattline::ledger::lca
