#include <fmt/format.h>

#include "catalog/intensity/intensity_commands.h"
#include "catalog/intensity/now.h"
#include "catalog/place_options.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

struct NowOptions {
  std::string place;
  ProviderName provider = ProviderName::electricity_maps;
  IntensityKind kind = IntensityKind::average;
  bool offline = false;
};

Result intensity_now(const NowOptions& o, Context& context) {
  std::shared_ptr<IntensityProvider> provider;
  if (!o.offline) {
    provider = make_provider(intensity_providers(context).of(o.provider),
                             [&context] { return context.stop.stop_requested(); });
    if (!provider->has(o.kind))
      throw bad_input(fmt::format("{} has no {} intensities", title_of(o.provider), to_string(o.kind)), "kind",
                      "they answer different questions: --provider watttime has both");
  }
  LiveIntensity live(context.share<Catalog>(), IntensityStore(intensity_dir(context)), provider);
  const IntensityNow now = live.at(o.place, o.kind);
  context.check_cancelled();
  Result out;
  const bool yearly = now.origin == NowOrigin::yearly;
  out.title = fmt::format("{}: {}{}", to_string(now.name), to_string(now.intensity.value(), 4),
                          yearly ? ", the yearly average" : "");
  std::string note = yearly ? "yearly average" : fmt::format("of {}, {} old", to_string(now.of), to_string(now.age, 2));
  if (now.origin == NowOrigin::remembered) note += fmt::format("; remembered since {}", to_string(now.fetched));
  if (now.origin == NowOrigin::series) note += "; of the folder of series";
  if (now.estimated && !yearly) note += "; an estimate of the source";
  out.estimate("intensity", "Carbon intensity", now.intensity, "gCO2e/kWh", note);
  out.note(fmt::format("{}{}. Terms: {}.", now.source, now.zone.empty() ? "" : ", zone " + now.zone,
                       now.licence.empty() ? "not stated" : now.licence));
  if (!now.why.empty()) {
    if (o.offline) out.note(fmt::format("Why no better: {}.", now.why));
    else out.warn(fmt::format("this is not what the provider says now: {}", now.why));
  }
  return out;
}

}  // namespace

Capability intensity_now_capability() {
  using O = NowOptions;
  static const auto fields =
      Fields<O>()
          .reference("place", &O::place, "places", "country, state or cloud region")
          .positional()
          .required()
          .enumeration("provider", &O::provider, {"electricity-maps", "watttime"}, "whom to ask")
          .enumeration("kind", &O::kind, {"average", "marginal"}, "average for accounts, marginal for decisions")
          .flag("offline", &O::offline, "ask nobody: what is known here");
  Capability c = capability<O>("catalog", "intensity-now",
                               "The carbon intensity at a place now, with its age and origin.", &intensity_now, fields);
  c.description =
      "Asks Electricity Maps or WattTime, as `catalog intensity-fetch` does, for the value of this moment, which is "
      "remembered in the folder of --intensity-data for as long as the configuration says (fresh_for, else 5 minutes). "
      "When nobody answers: the last value if it is no older than two hours, the hour of the stored series, the yearly "
      "average, in this order and with the reason. A marginal intensity has no such stand-in.";
  c.verb = Verb::observe;
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.examples = {{{"FR", "--offline"}, {}, "FR average location"}};
  return c;
}

}  // namespace wattline::catalog
