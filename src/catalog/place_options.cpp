#include "catalog/place_options.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

template <class Q>
Estimate<Q> given(Q value, std::string_view what, std::string_view option, Grid& grid) {
  grid.factors.push_back({fmt::format("given.{}", option), fmt::format("{}, given", what), to_string(value, 6),
                          fmt::format("given with --{}", option), "", ""});
  return Estimate<Q>::with_sd(value, Q(0), Method::declared, fmt::format("given with --{}", option));
}

const Factor* find_factor(const Catalog& catalog, const std::string& id) {
  for (const auto& f : catalog.factors())
    if (f.id == id) return &f;
  return nullptr;
}

// The site's overhead: given, the region's own, its provider's, else that of an unknown site.
void resolve_site(const PlaceOptions& o, const Catalog& catalog, const Region* region, Grid& grid) {
  const auto assumed = [&](const std::string& what) {
    const Factor* own = region ? find_factor(catalog, what + "." + name_key(region->provider)) : nullptr;
    const Factor& f = own ? *own : catalog.factor(what + ".default");
    grid.factors.push_back(f.use());
    RawEstimate out = f.estimate();
    // An average that stands for an unknown site is a model of it.
    if (!own) out.worsen(Method::modelled);
    return out;
  };
  if (o.pue) {
    if (!(*o.pue >= 1)) throw bad_input(fmt::format("{} found; 1 or more is allowed", *o.pue), "pue");
    grid.pue = given(Ratio(*o.pue), "power usage effectiveness", "pue", grid);
  } else if (region && region->pue) {
    const Factor& spread = catalog.factor("pue.region_spread");
    const std::string id = fmt::format("pue.{}/{}", region->provider, region->name);
    grid.pue = Estimate<Ratio>::relative(Ratio(*region->pue), parse_unit(spread.unit).scale * spread.value,
                                         Method::declared, region->origin.source)
                   .from_factor(id);
    grid.factors.push_back({id, fmt::format("power usage effectiveness of {}/{}", region->provider, region->name),
                            format_number(*region->pue), region->note.empty() ? region->origin.source : region->note,
                            "", region->origin.licence});
    grid.factors.push_back(spread.use());
  } else {
    grid.pue = Estimate<Ratio>(assumed("pue"));
  }
  if (o.wue) {
    grid.wue = given(*o.wue, "on-site water usage effectiveness", "wue", grid);
  } else {
    grid.wue = Estimate<WaterIntensity>(assumed("wue"));
  }
}

}  // namespace

const Fields<PlaceOptions>& place_fields() {
  static const Fields<PlaceOptions> fields =
      Fields<PlaceOptions>()
          .reference("place", &PlaceOptions::place, "places",
                     "country, region or cloud region (FR, US-CA, gcp/europe-west9); none: the world average, flagged")
          .quantity("intensity", &PlaceOptions::intensity, "gCO2e/kWh",
                    "carbon intensity of the electricity, instead of the place's")
          .at_least(0)
          .quantity("water-intensity", &PlaceOptions::water_intensity, "L/kWh",
                    "water used to make the electricity, instead of the place's")
          .at_least(0)
          .number("pue", &PlaceOptions::pue, "power usage effectiveness: facility energy per energy of the machines")
          .range(1, 10)
          .quantity("wue", &PlaceOptions::wue, "L/kWh", "water used on site per energy of the machines")
          .at_least(0);
  return fields;
}

Grid resolve(const PlaceOptions& o, const Catalog& catalog) {
  Grid grid;
  const Region* region = catalog.find_region(o.place);
  const Place& place = catalog.place(o.place);
  const Place& world = catalog.place("");
  grid.place = place.code;

  if (o.intensity) {
    grid.carbon_intensity = given(*o.intensity, "carbon intensity of electricity", "intensity", grid);
  } else if (region && region->carbon_intensity) {
    grid.carbon_intensity = *region->carbon_intensity;
    grid.factors.push_back(use_carbon(*region));
  } else {
    grid.carbon_intensity = place.carbon_intensity;
    grid.factors.push_back(use_carbon(place));
  }
  if (o.water_intensity) {
    grid.water_intensity = given(*o.water_intensity, "water used to make electricity", "water-intensity", grid);
  } else {
    const Place& known = place.water_intensity ? place : world;
    if (!known.water_intensity)
      throw Error(ErrorKind::not_found, "the world's row has no water intensity", "places.csv",
                  "give --water-intensity");
    grid.water_intensity = *known.water_intensity;
    grid.factors.push_back(use_water(known));
    if (&known != &place)
      grid.warnings.push_back(
          fmt::format("no water figure is known for {} ({}): world average", place.code, place.name));
  }
  // An average that stands for an unknown place is a model of it, not a figure anybody declared.
  if (o.place.empty() && !(o.intensity && o.water_intensity)) {
    grid.warnings.push_back("no place given: world average");
    if (!o.intensity) grid.carbon_intensity.raw().worsen(Method::modelled);
    if (!o.water_intensity) grid.water_intensity.raw().worsen(Method::modelled);
  }
  resolve_site(o, catalog, region, grid);
  return grid;
}

Estimate<Energy> Grid::facility_energy(const Estimate<Energy>& device_energy) const { return device_energy * pue; }
Estimate<Carbon> Grid::carbon(const Estimate<Energy>& device_energy) const {
  return facility_energy(device_energy) * carbon_intensity;
}
Estimate<Volume> Grid::water(const Estimate<Energy>& device_energy) const {
  return device_energy * (wue + pue * water_intensity);
}

void add_impacts(Result& out, const Estimate<Energy>& device_energy, const Grid& grid) {
  out.estimate("energy", "Energy", device_energy, {}, "at the device");
  out.estimate("carbon", "Carbon", grid.carbon(device_energy), {},
               fmt::format("{}, PUE {}", grid.place, format_number(grid.pue.value())));
  out.estimate("water", "Water", grid.water(device_energy), {}, "on site and to make the electricity");
  for (const auto& f : grid.factors) out.use(f);
  for (const auto& w : grid.warnings) out.warn(w);
}

}  // namespace wattline::catalog
