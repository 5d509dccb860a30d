#include "meter/gap_fill.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace wattline::meter {
namespace {

// How far from the mean the component was seen, W; of a counter over spans of some renewals, since single steps jump.
double spread_of_powers(const ComponentEnergy& c) {
  const double mean = c.mean->base();
  double spread = mean / 2;
  if (c.peak) spread = std::max(spread, c.peak->base() - mean);
  const double window = c.info.kind == SourceKind::energy ? 5 * c.info.update.base() : 0;
  double joules = 0, seconds = 0;
  for (std::size_t i = 1; i < c.power.size(); ++i) {
    const double watts = c.power.values[i], length = (c.power.times[i] - c.power.times[i - 1]).base();
    if (!std::isfinite(watts)) {
      joules = seconds = 0;
      continue;
    }
    joules += watts * length;
    seconds += length;
    if (seconds <= 0 || seconds < window) continue;
    spread = std::max(spread, std::abs(joules / seconds - mean));
    joules = seconds = 0;
  }
  return spread;
}

}  // namespace

void fill_gaps(ComponentEnergy& c, Duration slept) {
  const Duration gap = c.missing - std::min(slept, c.missing);
  // Next to nothing: the time between the first moment and the first reading.
  if (c.covered <= Duration(0) || gap <= (c.covered + c.missing) * 0.001 || !c.mean) return;
  c.read = c.energy;
  c.filled = gap;
  const RawEstimate as_seen = RawEstimate::scaled(c.energy.raw(), gap.in(c.covered));
  const double sd = spread_of_powers(c) * gap.base() / 1.96;
  c.filled_in = Estimate<Energy>(
      RawEstimate::sum(as_seen, RawEstimate(0, sd, Method::modelled, "gaps filled in at the mean"), 1));
  MixedSum whole;
  whole.add(c);
  c.energy = whole.energy();
}

void MixedSum::add(const Estimate<Energy>& e) {
  auto& part = e.method() == Method::modelled ? modelled_ : read_;
  part = part ? *part + e : e;
}

void MixedSum::add(const ComponentEnergy& c) {
  if (c.filled <= Duration(0)) return add(c.energy);
  add(c.read);
  add(c.filled_in);
}

Estimate<Energy> MixedSum::energy() const {
  if (!modelled_) return read_.value_or(Estimate<Energy>::exact(Energy(0)));
  if (!read_) return *modelled_;
  const Energy all = read_->value() + modelled_->value();
  const bool matters = modelled_->value() > all * 0.01 || modelled_->high() > read_->high() - read_->value() ||
                       read_->value() < Energy(0);
  if (matters) return *read_ + *modelled_;
  RawEstimate little(modelled_->value().base(), modelled_->sd().base(), read_->method(), {});
  for (const auto& source : modelled_->raw().sources()) little.add_source(source);
  return Estimate<Energy>(RawEstimate::sum(read_->raw(), little, 1));
}

Energy MixedSum::modelled() const { return modelled_ ? modelled_->value() : Energy(0); }

double MixedSum::modelled_share() const {
  const double all = energy().value().base();
  return modelled_ && all > 0 ? std::clamp(modelled().base() / all, 0.0, 1.0) : 0;
}

std::string share_in_words(double share) {
  const double percent = share * 100;
  return percent < 0.001 ? "under 0.001 %" : fmt::format("{:.{}g} %", percent, percent < 99.5 ? 2 : 3);
}

}  // namespace wattline::meter
