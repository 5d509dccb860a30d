#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/intensity/intensity_commands.h"
#include "catalog/intensity/intensity_store.h"
#include "catalog/place_options.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

struct IntensityOptions {
  std::string place, at, since, until;
  IntensityKind kind = IntensityKind::average;
  IntensityBasis basis = IntensityBasis::location;
};

Time moment(const std::string& text, const char* option) {
  try {
    return parse_time(text);
  } catch (const Error& e) {
    throw bad_input(e.message(), option, e.hint());
  }
}

double estimated_share(const IntensitySeries& s) {
  const auto n = std::count_if(s.samples.begin(), s.samples.end(), [](const auto& x) { return x.estimated; });
  return s.samples.empty() ? 0 : 100.0 * static_cast<double>(n) / static_cast<double>(s.samples.size());
}

Result list(const IntensityStore& store) {
  Result out;
  Table t("catalog.intensity_series.v1");
  t.text("place").text("kind").text("basis").text("emissions").integer("values").time("from").time("to");
  t.number("covered", "%", "of the time from the first to the last").integer("gaps");
  t.number("estimated", "%", "of the values, by the source's own word").text("source");
  for (const auto& name : store.names()) {
    const auto s = store.find(name);
    if (!s || s->samples.empty()) continue;
    const Time from = s->samples.front().begin, to = s->end_of(s->samples.size() - 1);
    t.add_row({name.place, std::string(to_string(name.kind)), std::string(to_string(name.basis)), s->emissions,
               static_cast<std::int64_t>(s->samples.size()), from, to,
               100 * std::min(1.0, covered(*s).base() / (to - from).base()), static_cast<std::int64_t>(gaps(*s).size()),
               estimated_share(*s), s->imports.back().source});
  }
  out.title = t.rows() == 1 ? "1 series of intensities" : fmt::format("{} series of intensities", t.rows());
  if (t.rows() == 0)
    out.note(
        fmt::format("There is none in {}: yearly averages are used. `wattline catalog intensity-import FILE` takes "
                    "one from a file, `intensity-fetch PLACE` asks a provider; --intensity-data DIR names another "
                    "folder.",
                    store.dir().string()));
  else out.add(std::move(t));
  return out;
}

// Not more points than a drawing can show: means of equal stretches, low and high of each.
Figure figure(const IntensitySeries& s, Time from, Time to) {
  constexpr int most = 200;
  Figure f;
  f.title = fmt::format("Carbon intensity, {}", to_string(s.name));
  f.x = {"time", "", false, true};
  f.y = {"intensity", "gCO2e/kWh"};
  Figure::Trace line;
  line.name = std::string(to_string(s.name.kind));
  const double length = (to - from).base();
  for (int i = 0; i < most; ++i) {
    const Time a = from + Duration(length * i / most), b = from + Duration(length * (i + 1) / most);
    const IntensityMean m = mean_over(s, a, b);
    line.x.push_back(static_cast<double>(a.ns) * 1e-9 + length / most / 2);
    line.y.push_back(m.covered > 0 ? m.grams : std::nan(""));
  }
  f.traces.push_back(std::move(line));
  f.caption = fmt::format("means of {} each", to_string(Duration(length / most), 3));
  return f;
}

void provenance(const IntensitySeries& s, Result& out) {
  Table t("catalog.intensity_imports.v1");
  t.title = "Where it comes from";
  t.integer("values").text("source").text("zone").text("model").text("licence").time("fetched").text("file");
  for (std::size_t i = 0; i < s.imports.size(); ++i) {
    const IntensityImport& x = s.imports[i];
    const auto n = std::count_if(s.samples.begin(), s.samples.end(), [&](const auto& y) { return y.import == i; });
    t.add_row({static_cast<std::int64_t>(n), x.source, x.zone, x.model, x.licence, x.fetched, x.file});
  }
  out.add(std::move(t));
}

Estimate<CarbonIntensity> exactly(double grams, const std::string& source) {
  Estimate<CarbonIntensity> e =
      Estimate<CarbonIntensity>::with_sd(grams * units::gCO2e_per_kWh, CarbonIntensity(0), Method::declared, source);
  if (grams < 0) e.raw().set_signed();
  return e;
}

void yearly(const IntensityOptions& o, const Catalog& catalog, const std::string& why, Result& out) {
  if (o.kind == IntensityKind::marginal || o.basis == IntensityBasis::market)
    throw Error(ErrorKind::not_found, why, "place",
                o.kind == IntensityKind::marginal
                    ? "no yearly marginal intensity is known, and an average never stands for one: import a series"
                    : "no yearly market-based intensity is known, and that of the grid never stands for one");
  PlaceOptions place;
  place.place = o.place;
  const Grid grid = resolve(place, catalog);
  out.title = fmt::format("{}: {}, the yearly average", grid.place, to_string(grid.carbon_intensity.value(), 4));
  out.estimate("intensity", "Carbon intensity", grid.carbon_intensity, "gCO2e/kWh", "yearly average, location-based");
  out.use(grid.factors.front());
  out.note(fmt::format("The yearly average is what would be used: {}.", why));
}

Result at_moment(const IntensityOptions& o, const IntensityStore& store, const Catalog& catalog) {
  const Time at = moment(o.at, "at");
  Result out;
  const auto series = store.find_for(o.place, o.kind, o.basis, catalog);
  std::string why = series ? why_uncovered(*series, at) : store.why_none(o.place, o.kind, o.basis, catalog);
  if (!why.empty()) {
    yearly(o, catalog, why, out);
    return out;
  }
  const auto next = std::upper_bound(series->samples.begin(), series->samples.end(), at,
                                     [](Time t, const IntensitySample& x) { return t < x.begin; });
  const auto i = static_cast<std::size_t>(next - series->samples.begin()) - 1;
  const IntensitySample& s = series->samples[i];
  const IntensityImport& import = series->imports[s.import];
  out.title =
      fmt::format("{} at {}: {}", to_string(series->name), to_string(at), to_string(s.grams * units::gCO2e_per_kWh, 4));
  out.estimate("intensity", "Carbon intensity", exactly(s.grams, import.source), "gCO2e/kWh",
               fmt::format("{}, from {} to {}{}", to_string(series->name.kind), to_string(s.begin),
                           to_string(series->end_of(i)), s.estimated ? ", an estimate of its source" : ""));
  out.note("The hour's value is what would be used. Its source states no uncertainty.");
  out.use({"intensity." + to_string(series->name), "carbon intensity of " + to_string(series->name),
           to_string(s.grams * units::gCO2e_per_kWh, 6), import.source, to_string(s.begin), import.licence});
  return out;
}

Result show(const IntensityOptions& o, const IntensityStore& store, const Catalog& catalog) {
  Result out;
  const auto series = store.find_for(o.place, o.kind, o.basis, catalog);
  if (!series || series->samples.empty()) {
    yearly(o, catalog, store.why_none(o.place, o.kind, o.basis, catalog), out);
    return out;
  }
  const Time first = series->samples.front().begin, last = series->end_of(series->samples.size() - 1);
  const Time from = o.since.empty() ? first : moment(o.since, "since");
  const Time to = o.until.empty() ? last : moment(o.until, "until");
  if (to <= from)
    throw bad_input(fmt::format("{} is not after {}", to_string(to), to_string(from)), "until",
                    fmt::format("the series is from {} to {}", to_string(first), to_string(last)));
  const IntensityMean mean = mean_over(*series, from, to);
  if (!(mean.covered > 0)) {
    yearly(o, catalog, why_uncovered(*series, from), out);
    return out;
  }
  out.title =
      fmt::format("{}: {} on average", to_string(series->name), to_string(mean.grams * units::gCO2e_per_kWh, 4));
  double low = INFINITY, high = -INFINITY;
  for (std::size_t i = 0; i < series->samples.size(); ++i)
    if (series->samples[i].begin < to && series->end_of(i) > from) {
      low = std::min(low, series->samples[i].grams);
      high = std::max(high, series->samples[i].grams);
    }
  out.estimate(
      "intensity", "Mean", exactly(mean.grams, series->imports.back().source), "gCO2e/kWh",
      fmt::format("from {:.4g} to {:.4g}, each moment alike; {:.4g} % of the time is covered, {:.4g} % of that by "
                  "estimates of the source",
                  low, high, 100 * mean.covered, 100 * mean.estimated));
  if (o.kind == IntensityKind::average && o.basis == IntensityBasis::location) {
    PlaceOptions place;
    place.place = o.place;
    const Grid grid = resolve(place, catalog);
    out.estimate("yearly", "Yearly figure", grid.carbon_intensity, "gCO2e/kWh",
                 "of the catalog: used where the series has no value");
    out.use(grid.factors.front());
  }
  out.add(figure(*series, from, to));
  provenance(*series, out);
  return out;
}

Result intensity(const IntensityOptions& o, Context& context) {
  const auto& catalog = context.get<Catalog>();
  const IntensityStore store(intensity_dir(context));
  if (o.place.empty()) {
    if (!o.at.empty() || !o.since.empty() || !o.until.empty())
      throw bad_input("a time is given and no place", "place", "wattline catalog intensity FR --at 2026-11-24T10:00Z");
    return list(store);
  }
  return o.at.empty() ? show(o, store, catalog) : at_moment(o, store, catalog);
}

}  // namespace

Capability intensity_capability() {
  using O = IntensityOptions;
  static const auto fields =
      Fields<O>()
          .reference("place", &O::place, "places", "this one's series; none: a list of all")
          .positional()
          .text("at", &O::at, "what would be used at this time")
          .text("since", &O::since, "from this date or time")
          .text("until", &O::until, "before this date or time")
          .enumeration("kind", &O::kind, {"average", "marginal"}, "average for accounts, marginal for decisions")
          .enumeration("basis", &O::basis, {"location", "market"}, "the grid, or a contract or residual mix");
  Capability c = capability<O>("catalog", "intensity", "Hourly carbon intensities: what is there, what would be used.",
                               &intensity, fields);
  c.description =
      "Lists the series of the folder of --intensity-data with their coverage, shows one, and says what would be used "
      "for a place and a time: the hour's value, or the yearly average with the reason for it. Average and marginal "
      "intensities answer different questions: neither ever stands for the other. An unknown place is refused. "
      "`catalog intensity-import` and `catalog intensity-fetch` bring series in.";
  c.verb = Verb::observe;
  c.emits = {"catalog.intensity_series.v1", "catalog.intensity_imports.v1"};
  c.examples = {{{}, {}, "series of intensities"}, {{"FR", "--at", "2026-11-24T10:00Z"}, {}, "FR"}};
  return c;
}

}  // namespace wattline::catalog
