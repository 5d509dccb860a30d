#include <algorithm>

#include <fmt/format.h>

#include "catalog/intensity/intensity_commands.h"
#include "catalog/intensity/intensity_fetch.h"
#include "kernel/error.h"
#include "kernel/fetch.h"

namespace wattline::catalog {
namespace {

struct FetchOptions {
  std::string place, from, to;
  ProviderName provider = ProviderName::electricity_maps;
  enum class Kind { of_provider, average, marginal } kind = Kind::of_provider;
  bool refresh = false, replace = false, dry_run = false;
};

Time moment(const std::string& text, const char* option) {
  try {
    return parse_time(text);
  } catch (const Error& e) {
    throw bad_input(e.message(), option, e.hint());
  }
}

class FetchCommand {
 public:
  FetchCommand(const FetchOptions& o, Context& context)
      : o_(o),
        context_(context),
        config_(providers(o, context).of(o.provider)),
        store_(intensity_dir(context)),
        now_(Time::now()) {}

  Result run() {
    FetchOrder order;
    const auto provider = make_provider(config_, [this] { return context_.stop.stop_requested(); });
    order.asked.kind = kind(*provider);
    order.asked.zone = zone_of(config_, o_.place, context_.get<Catalog>(), &order.name.place);
    order.name.kind = order.asked.kind;
    order.wanted = {period()};
    order.refresh = o_.refresh;
    order.replace = o_.replace;
    order.now = now_;
    if (o_.dry_run) return planned(order, *provider);
    const FetchOutcome got = fetch_series(store_, *provider, order, [this](double done) {
      context_.check_cancelled();
      context_.progress(done, "asking");
    });
    // Nothing had and something wrong: that is the answer.
    if (got.failure && !got.merged.changed()) throw *got.failure;
    return told(order, got);
  }

 private:
  // Who asks nobody needs no leave to.
  static IntensityProviders providers(const FetchOptions& o, const Context& context) {
    if (o.dry_run && !context.find<ProvidersLocation>()) return {};
    return intensity_providers(context);
  }

  Result planned(const FetchOrder& order, const IntensityProvider& provider) const {
    const auto stored = store_.find(order.name);
    const auto questions = questions_of(stored ? *stored : IntensitySeries{order.name, "", {}, {}}, provider, order);
    Result out;
    out.title = questions.size() == 1 ? fmt::format("{}: 1 question", to_string(order.name))
                                      : fmt::format("{}: {} questions", to_string(order.name), questions.size());
    Table t("catalog.intensity_missing.v1");
    t.title = "Would be asked for";
    t.time("from").time("to").number("hours", "h");
    for (const auto& q : questions) t.add_row({q.begin, q.end, (q.end - q.begin).base() / 3600});
    out.add(std::move(t));
    out.note(fmt::format("{} would be asked for its zone {} at {}. Nothing was sent.", title_of(o_.provider),
                         order.asked.zone, shown_url(config_.url)));
    return out;
  }

  IntensityKind kind(const IntensityProvider& provider) const {
    using K = FetchOptions::Kind;
    if (o_.kind == K::of_provider)
      return o_.provider == ProviderName::watttime ? IntensityKind::marginal : IntensityKind::average;
    const IntensityKind kind = o_.kind == K::average ? IntensityKind::average : IntensityKind::marginal;
    if (!provider.has(kind))
      throw bad_input(fmt::format("{} has no {} intensities", title_of(o_.provider), to_string(kind)), "kind",
                      "they answer different questions: --provider watttime has both");
    return kind;
  }

  IntensityGap period() const {
    const IntensityGap out{moment(o_.from, "from"), o_.to.empty() ? now_ : moment(o_.to, "to")};
    if (out.end <= out.begin)
      throw bad_input(fmt::format("{} is not after {}", to_string(out.end), to_string(out.begin)), "to");
    if (out.begin > now_)
      throw bad_input(fmt::format("{} has not come yet", to_string(out.begin)), "from",
                      "what was, not what will be, is fetched");
    constexpr double most_days = 400;
    if ((out.end - out.begin).base() > most_days * 86400)
      throw bad_input(fmt::format("{:.4g} days are asked for; {:.0f} at once are allowed",
                                  (out.end - out.begin).base() / 86400, most_days),
                      "from", "ask year by year");
    return out;
  }

  Result told(const FetchOrder& order, const FetchOutcome& got) const {
    Result out;
    const IntensityMerge& m = got.merged;
    out.title = m.changed() ? fmt::format("{}: {} values taken from {}", to_string(order.name),
                                          m.added + m.replaced + m.replaced_estimates, title_of(o_.provider))
                            : fmt::format("{}: nothing new", to_string(order.name));
    Table t("catalog.intensity_import.v1");
    t.text("what").integer("values");
    const auto line = [&](const char* what, std::int64_t n) {
      if (n > 0) t.add_row({what, n});
    };
    line("questions to the provider", got.questions);
    line("added", m.added);
    line("there already", m.same);
    line("put in place of an estimate", m.replaced_estimates);
    line("put in place of an older figure (--replace)", m.replaced);
    line("left: an estimate for what is known", m.kept);
    t.add_row({"in the series now", static_cast<std::int64_t>(got.series.samples.size())});
    out.add(std::move(t));
    if (got.questions == 0) out.note("All that was asked for was there: no question was sent.");
    if (!got.series.imports.empty()) {
      const IntensityImport& i = got.series.imports.back();
      out.note(fmt::format("{}, zone {}{}, {} emissions. Terms: {}. Kept in {}.", i.source, i.zone,
                           i.model.empty() ? "" : ", model " + i.model,
                           got.series.emissions.empty() ? "unstated" : got.series.emissions, i.licence,
                           (store_.dir() / file_name(order.name)).string()));
    }
    missing(got, out);
    if (got.revised && !o_.replace)
      out.warn(fmt::format("the provider has other figures now for {} of those that are there: --replace takes them",
                           got.revised));
    const auto estimated = std::count_if(got.series.samples.begin(), got.series.samples.end(), [&](const auto& s) {
      return s.estimated && s.begin >= order.wanted[0].begin && s.begin < order.wanted[0].end;
    });
    if (estimated)
      out.warn(
          fmt::format("{} of the hours are estimates of the provider: --refresh asks for them again later", estimated));
    if (got.failure) out.warn(fmt::format("not all was had: {}", got.failure->what()));
    return out;
  }

  // Which hours there are not, and how many of them are still to come.
  void missing(const FetchOutcome& got, Result& out) const {
    if (got.missing.empty()) return;
    Table t("catalog.intensity_missing.v1");
    t.title = "Missing";
    t.time("from").time("to").number("hours", "h");
    double hours = 0;
    for (const auto& g : got.missing) {
      const double h = (g.end - g.begin).base() / 3600;
      hours += h;
      t.add_row({g.begin, g.end, h});
    }
    out.add(std::move(t));
    out.warn(fmt::format("{:.4g} hours of what was asked for have no value; the yearly figure is taken there", hours));
  }

  const FetchOptions& o_;
  Context& context_;
  const ProviderConfig config_;
  const IntensityStore store_;
  const Time now_;
};

Result fetch_intensities(const FetchOptions& o, Context& context) { return FetchCommand(o, context).run(); }

}  // namespace

Capability intensity_fetch_capability() {
  using O = FetchOptions;
  static const auto fields =
      Fields<O>()
          .reference("place", &O::place, "places", "country, state or cloud region")
          .positional()
          .required()
          .text("from", &O::from, "from this date or time")
          .required()
          .text("to", &O::to, "before this date or time; none: now")
          .enumeration("provider", &O::provider, {"electricity-maps", "watttime"}, "whom to ask")
          .enumeration("kind", &O::kind, {"as-usual", "average", "marginal"},
                       "as-usual: average of electricity-maps, marginal of watttime")
          .flag("refresh", &O::refresh, "ask again for hours that only an estimate is known of")
          .flag("dry-run", &O::dry_run, "say what would be asked for, and send nothing")
          .flag("replace", &O::replace, "take the provider's new figures where they contradict those that are there");
  Capability c = capability<O>("catalog", "intensity-fetch",
                               "Asks Electricity Maps or WattTime for carbon intensities that are missing.",
                               &fetch_intensities, fields);
  c.description =
      "Asks the provider, over HTTPS and with your key, for the hours of the period that the folder of "
      "--intensity-data "
      "does not hold yet, and keeps them there with source, terms and time, as `catalog intensity-import` does with a "
      "file. What is there is not asked for again; what could not be had is told by the hour, with the reason. The key "
      "is "
      "in $ELECTRICITY_MAPS_API_KEY, or in $WATTTIME_USER and $WATTTIME_PASSWORD, or in a file that you alone may "
      "read; "
      "addresses, zones, deadlines and proxies stand in ~/.config/wattline/intensity.toml (docs/formats/intensity.md). "
      "Electricity Maps gives averages; WattTime's co2_moer is marginal and its co2_aoer average. Never is one taken "
      "for "
      "the other.";
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.emits = {"catalog.intensity_import.v1", "catalog.intensity_missing.v1"};
  c.examples = {{{"FR", "--from", "2024-01-01", "--to", "2024-01-21", "--dry-run"}, {}, "2 questions"}};
  return c;
}

}  // namespace wattline::catalog
