#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/listing.h"
#include "catalog/place_options.h"
#include "kernel/error.h"

namespace wattline::catalog {
namespace {

enum class Order { name, intensity };
struct PlacesOptions {
  std::string place, match;
  bool regions = false;
  Order sort = Order::name;
};

std::optional<Interval> in(const std::optional<Interval>& i, double unit) {
  return i ? std::optional<Interval>({i->low / unit, i->high / unit}) : std::nullopt;
}
double carbon_of(const Estimate<CarbonIntensity>& e) { return e.value().in(units::gCO2e_per_kWh); }

Result explain(const std::string& name, const Catalog& catalog) {
  const Region* region = catalog.find_region(name);
  const Place& place = catalog.place(name);
  constexpr double grams = units::gCO2e_per_kWh.base(), litres = units::L_per_kWh.base();
  Result out;
  out.title = region ? fmt::format("{}/{} ({}, {})", region->provider, region->name, region->city, place.code)
                     : fmt::format("{} ({})", place.name, place.code);
  Explained e;
  if (region) {
    e.figure("power usage effectiveness, its own", region->pue, "");
    if (region->carbon_intensity)
      e.figure("carbon intensity, the provider's", carbon_of(*region->carbon_intensity), "gCO2e/kWh",
               in(region->carbon_interval, grams));
    e.origin(region->origin, "region's ").about("region's note", region->note);
  }
  e.figure("carbon intensity of " + place.code, carbon_of(place.carbon_intensity), "gCO2e/kWh",
           in(place.carbon_interval, grams));
  if (place.water_intensity)
    e.figure("water used to make electricity", place.water_intensity->value().in(units::L_per_kWh), "L/kWh",
             in(place.water_interval, litres));
  e.names(place.aliases).origin(place.origin).about("note", place.note);
  if (place.water_intensity) e.origin(place.water_origin, "water's ");
  std::move(e).add_to(out);
  out.note("What a kilowatt-hour used by a machine there comes to:");
  PlaceOptions options;
  options.place = name;
  add_impacts(out, Estimate<Energy>::with_sd(units::kWh, Energy(0), Method::declared, {}), resolve(options, catalog));
  return out;
}

Table region_table(const PlacesOptions& o, const Catalog& catalog) {
  Table t("catalog.regions.v1");
  t.text("region").text("city").text("place").number("pue", "", "its own; missing: the default is taken");
  t.number("carbon_intensity", "gCO2e/kWh", "the provider's, else the place's").text("whose");
  std::vector<const Region*> rows;
  const auto intensity = [&](const Region& r) {
    return carbon_of(r.carbon_intensity ? *r.carbon_intensity : catalog.place(r.place).carbon_intensity);
  };
  for (const auto& r : catalog.regions())
    if (matches(o.match, r.provider + "/" + r.name, {r.city, r.place, catalog.place(r.place).name})) rows.push_back(&r);
  if (o.sort == Order::intensity)
    std::stable_sort(rows.begin(), rows.end(), [&](auto* a, auto* b) { return intensity(*a) < intensity(*b); });
  for (const Region* r : rows)
    t.add_row({r->provider + "/" + r->name, r->city, r->place, r->pue.value_or(NAN), intensity(*r),
               r->carbon_intensity ? "provider" : "place"});
  if (t.rows() == 0) nothing_left("place", o.match);
  return t;
}

Table place_table(const PlacesOptions& o, const Catalog& catalog) {
  Table t("catalog.places.v1");
  t.text("code").text("name").number("carbon_intensity", "gCO2e/kWh", "yearly average where the energy is used");
  t.number("carbon_low", "gCO2e/kWh", "95 %").number("carbon_high", "gCO2e/kWh");
  t.number("water_intensity", "L/kWh", "to make the electricity; missing: the world's is taken").integer("year");
  std::vector<const Place*> rows;
  for (const auto& p : catalog.places()) {
    std::vector<std::string> names = p.aliases;
    names.push_back(p.code);
    if (matches(o.match, p.name, names)) rows.push_back(&p);
  }
  if (o.sort == Order::intensity)
    std::stable_sort(rows.begin(), rows.end(),
                     [](auto* a, auto* b) { return a->carbon_intensity.value() < b->carbon_intensity.value(); });
  for (const Place* p : rows) {
    const auto i = in(p->carbon_interval, units::gCO2e_per_kWh.base());
    t.add_row({p->code, p->name, carbon_of(p->carbon_intensity), i ? i->low : NAN, i ? i->high : NAN,
               p->water_intensity ? p->water_intensity->value().in(units::L_per_kWh) : NAN,
               std::int64_t{p->origin.year}});
  }
  if (t.rows() == 0) nothing_left("place", o.match);
  return t;
}

Result places(const PlacesOptions& o, Context& context) {
  const auto& catalog = context.get<Catalog>();
  if (!o.place.empty()) return explain(o.place, catalog);
  Result out;
  Table t = o.regions ? region_table(o, catalog) : place_table(o, catalog);
  out.title = fmt::format("{} {}", t.rows(), o.regions ? "cloud regions" : "places");
  t.caption = "name one to see its aliases, sources and licences";
  out.add(std::move(t));
  return out;
}

}  // namespace

Capability places_capability() {
  static const auto fields =
      Fields<PlacesOptions>()
          .reference("place", &PlacesOptions::place, "places", "this one only, explained whole; also gcp/europe-west9")
          .positional()
          .flag("regions", &PlacesOptions::regions, "cloud regions in place of countries and states")
          .enumeration("sort", &PlacesOptions::sort, {"name", "intensity"}, "order of the list")
          .text("match", &PlacesOptions::match, "only those with this in their name, code or aliases");
  Capability c =
      capability<PlacesOptions>("catalog", "places", "Places and their electricity, or one of them.", &places, fields);
  c.description =
      "Carbon intensity (location-based yearly average, life cycle where the source says so) and the water that making "
      "the "
      "electricity uses, by country, state and cloud region, each with interval, source and year. The world's row "
      "stands "
      "for a place that is not given; its interval holds the places that make 95 % of the world's electricity.";
  c.verb = Verb::observe;
  c.emits = {"catalog.places.v1", "catalog.regions.v1"};
  c.examples = {{{"FRA"}, {}, "France"},
                {{"gcp/europe-west9"}, {}, "Paris"},
                {{"--sort", "intensity", "--match", "united states"}, {}, "Vermont"}};
  return c;
}

}  // namespace wattline::catalog
