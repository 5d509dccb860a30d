#include "ledger/factors/hourly.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::ledger {
namespace {

constexpr std::int64_t hour_ns = 3'600'000'000'000;

std::string shown(const std::string& place) { return place.empty() ? "(none)" : place; }

}  // namespace

const HourlyIntensity::Known& HourlyIntensity::known(const std::string& place) {
  if (const auto it = known_.find(place); it != known_.end()) return it->second;
  Known k;
  const std::string& name = place.empty() ? place_ : place;
  if (name.empty()) k.why_none = "the rows name no place; --place says where they were";
  else if (!catalog_.find_place(name)) k.why_none = fmt::format("the catalog has no place '{}'", name);
  else {
    using catalog::IntensityBasis;
    using catalog::IntensityKind;
    k.series = store_.find_for(name, IntensityKind::average, IntensityBasis::location, catalog_);
    if (k.series && k.series->samples.empty()) k.series = nullptr;
    if (!k.series) k.why_none = store_.why_none(name, IntensityKind::average, IntensityBasis::location, catalog_);
  }
  return known_.emplace(place, std::move(k)).first->second;
}

HourlyShare HourlyIntensity::of(const Subtotal& s, bool counted) {
  const std::string& place = s.like.fact.place;
  const Known& k = known(place);
  const double joules = s.energy.value();
  Books unused, &books = counted ? books_[place] : unused;
  books.joules += joules;
  if (!k.series) {
    books.why_not[reason(place, k.why_none)] += joules;
    return {};
  }
  Time begin = s.first_begin;
  if (s.rows > 1) {
    const Time hour{hour_of(s.last_end) * hour_ns};
    if (begin < hour) {
      begin = hour;
      if (counted) early_ += s.rows;
    }
  }
  const Time end = s.last_end;
  const catalog::IntensityMean m = catalog::mean_over(*k.series, begin, end);
  if (m.covered > 0) {
    books.covered += joules * m.covered;
    books.grams += joules * m.covered * m.grams;
    books.estimated += joules * m.covered * m.estimated;
  }
  if (m.covered < 1 && joules > 0) {
    std::string why = catalog::why_uncovered(*k.series, begin);
    if (why.empty() && end > begin) why = catalog::why_uncovered(*k.series, Time{end.ns - 1});
    if (why.empty()) why = fmt::format("the series {} has gaps", catalog::to_string(k.series->name));
    // Each row in a gap of its own would be a reason of its own.
    if (books.why_not.size() >= 20 && !books.why_not.contains(why)) why = "other gaps";
    books.why_not[reason(place, why)] += joules * (1 - m.covered);
  }
  return {m.grams * units::gCO2e_per_kWh, m.covered};
}

std::string HourlyIntensity::reason(const std::string& place, const std::string& why) const {
  const auto it = not_had_.find(place);
  return it == not_had_.end() ? why : fmt::format("{}; {}", why, it->second);
}

void HourlyIntensity::require_all() const {
  // Shares are sums of many parts: the last digits are rounding.
  constexpr double rounding = 1e-9;
  const double share = covered();
  if (books_.empty() || share >= 1 - rounding) return;
  std::string why;
  double most = 0;
  for (const auto& [place, b] : books_)
    for (const auto& [text, joules] : b.why_not)
      if (joules > most) {
        most = joules;
        why = fmt::format("{}: {}", shown(place), text);
      }
  throw Error(ErrorKind::not_found,
              fmt::format("{:.3g} % of the energy has no hourly intensity: {}", 100 * (1 - share), why), "no-fallback",
              "without --no-fallback the yearly figure is taken there");
}

double HourlyIntensity::covered() const {
  double all = 0, held = 0;
  for (const auto& [place, b] : books_) {
    all += b.joules;
    held += b.covered;
  }
  return all > 0 ? held / all : 0;
}

void HourlyIntensity::tell(Result& out, Grids& grids) const {
  Table t("ledger.hourly.v1");
  t.title = "Carbon by the hour";
  t.text("place").number("energy", "Wh").number("covered", "%", "of the energy, by a series");
  t.number("hourly", "gCO2e/kWh", "mean of the hours, weighed by the energy").number("yearly", "gCO2e/kWh");
  t.number("estimated", "%", "of what is covered, by the source's own word").text("why_not", "for the rest");
  std::string first_reason;
  for (const auto& [place, b] : books_) {
    const auto most = std::max_element(b.why_not.begin(), b.why_not.end(),
                                       [](const auto& x, const auto& y) { return x.second < y.second; });
    std::string why = most == b.why_not.end() ? "" : most->first;
    if (b.why_not.size() > 1) why += fmt::format("; {} more", b.why_not.size() - 1);
    if (first_reason.empty()) first_reason = why;
    const double nan = std::nan("");
    t.add_row({shown(place), b.joules / units::Wh.base(), b.joules > 0 ? 100 * b.covered / b.joules : 0.0,
               b.covered > 0 ? b.grams / b.covered : nan, grids.intensity(place).value().in(units::gCO2e_per_kWh),
               b.covered > 0 ? 100 * b.estimated / b.covered : nan, why});
    const auto& k = known_.at(place);
    if (!k.series || !(b.covered > 0)) continue;
    const auto& s = *k.series;
    out.use({"intensity." + catalog::to_string(s.name), "hourly carbon intensity of " + catalog::to_string(s.name),
             to_string(b.grams / b.covered * units::gCO2e_per_kWh, 6) + " by the hours of the rows",
             s.imports.back().source,
             fmt::format("{} to {}", to_string(s.samples.front().begin), to_string(s.end_of(s.samples.size() - 1))),
             s.imports.back().licence});
  }
  out.add(std::move(t));
  out.note(
      "Energy is spread evenly over a row's time; rows that are added up by the hour are taken at the hour of their "
      "end. "
      "The series state no uncertainty: it is taken to be, relative to the value, that of the yearly figure.");
  if (const double share = covered(); share < 1)
    out.warn(fmt::format("{:.3g} % of the energy is not covered by hourly intensities and takes the yearly figure: {}",
                         100 * (1 - share), first_reason));
  if (early_)
    out.warn(
        fmt::format("{} rows, added up by the hour, may have begun before the hour of their end: all their energy is "
                    "taken at that hour",
                    early_));
}

}  // namespace wattline::ledger
