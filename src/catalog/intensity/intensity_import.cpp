#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "catalog/intensity/intensity_commands.h"
#include "catalog/intensity/intensity_readers.h"
#include "catalog/intensity/intensity_store.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

enum class AskedKind { unsaid, average, marginal };
enum class Emissions { unsaid, lifecycle, direct };

struct ImportOptions {
  InputFile file;
  IntensityFormat format = IntensityFormat::automatic;
  std::string place;
  AskedKind kind = AskedKind::unsaid;
  IntensityBasis basis = IntensityBasis::location;
  Emissions emissions = Emissions::unsaid;
  IntensityCsvOptions csv;
  std::optional<Duration> step;
  std::string source, licence, fetched;
  bool replace = false;
};

class Import {
 public:
  Import(const ImportOptions& o, Context& context)
      : o_(o), catalog_(context.get<Catalog>()), store_(intensity_dir(context)) {}

  Result run() {
    file_ = read_intensity(o_.format, o_.file.read(), o_.file.name(), o_.csv);
    const IntensityName name{place(), kind(), o_.basis};
    IntensityImport import{o_.file.name(), source(), o_.licence, file_.zone, file_.model, fetched(), step()};
    import.file = std::filesystem::path(import.file).filename().string();
    const auto old = store_.find(name);
    IntensitySeries series = old ? *old : IntensitySeries{name, "", {}, {}};
    const IntensityMerge merged = merge(series, emissions(), import, file_.samples, o_.replace);
    if (merged.changed()) store_.save(series);
    return told(series, merged, import);
  }

 private:
  std::string place() const {
    // A zone that the catalog knows by its name is that place; others the user must place.
    const Place* zone = file_.zone.empty() ? nullptr : catalog_.find_place(file_.zone);
    if (o_.place.empty()) {
      if (zone) return intensity_place(file_.zone, catalog_);
      throw bad_input(file_.zone.empty() ? "the file does not say of which place it is"
                                         : fmt::format("the zone '{}' is no place of the catalog", file_.zone),
                      "place", "--place FR; `wattline catalog places` lists them");
    }
    const std::string given = intensity_place(o_.place, catalog_);
    if (zone && zone->code != catalog_.place(given).code)
      throw bad_input(fmt::format("the file is of {} ({}), not of {}", file_.zone, zone->code, given), "place");
    return given;
  }

  IntensityKind kind() const {
    std::optional<IntensityKind> asked;
    if (o_.kind != AskedKind::unsaid)
      asked = o_.kind == AskedKind::average ? IntensityKind::average : IntensityKind::marginal;
    if (file_.kind && asked && *asked != *file_.kind)
      throw bad_input(
          fmt::format("the file holds {} intensities, not {} ones", to_string(*file_.kind), to_string(*asked)), "kind",
          "they answer different questions and are kept apart");
    if (!file_.kind && !asked)
      throw bad_input("the file does not say whether its intensities are average or marginal", "kind",
                      "--kind average, or --kind marginal");
    const IntensityKind kind = file_.kind ? *file_.kind : *asked;
    if (kind == IntensityKind::average)
      for (const auto& s : file_.samples)
        if (s.grams < 0)
          throw bad_input(fmt::format("{:.6g} gCO2e/kWh at {}; an average is 0 or more", s.grams, to_string(s.begin)),
                          o_.file.name());
    return kind;
  }

  std::string emissions() const {
    const char* names[] = {"", "lifecycle", "direct"};
    const std::string asked = names[static_cast<std::size_t>(o_.emissions)];
    if (!asked.empty() && !file_.emissions.empty() && asked != file_.emissions)
      throw bad_input(fmt::format("the file holds {} emissions, not {}", file_.emissions, asked), "emissions");
    return file_.emissions.empty() ? asked : file_.emissions;
  }

  std::string source() const {
    if (!o_.source.empty()) return o_.source;
    if (!file_.source.empty()) return file_.source;
    throw bad_input("the file does not say where its figures come from", "source",
                    "--source \"ENTSO-E Transparency Platform, 2020\": every figure has an origin");
  }

  Time fetched() const {
    constexpr std::int64_t second = 1'000'000'000;
    return o_.fetched.empty() ? Time{Time::now().ns / second * second} : parse_time(o_.fetched);
  }

  std::int64_t step() const {
    if (o_.step) return static_cast<std::int64_t>(o_.step->base() * 1e9);
    if (file_.step_ns > 0) return file_.step_ns;
    throw bad_input("one value does not tell for how long it holds", "step", "--step 1h");
  }

  Result told(const IntensitySeries& series, const IntensityMerge& m, const IntensityImport& import) const {
    Result out;
    const IntensitySample &first = file_.samples.front(), &last = file_.samples.back();
    out.title = m.changed() ? fmt::format("{}: {} values taken", to_string(series.name),
                                          m.added + m.replaced + m.replaced_estimates)
                            : fmt::format("{}: nothing new", to_string(series.name));
    Table t("catalog.intensity_import.v1");
    t.text("what").integer("values");
    t.add_row({"in the file", static_cast<std::int64_t>(file_.samples.size())});
    const auto line = [&](const char* what, std::int64_t n) {
      if (n > 0) t.add_row({what, n});
    };
    line("added", m.added);
    line("there already", m.same);
    line("put in place of an estimate", m.replaced_estimates);
    line("put in place of an older figure (--replace)", m.replaced);
    line("left: an estimate for what is known", m.kept);
    line("repeated in the file, dropped", file_.repeated);
    line("moments without a value", file_.empty);
    line("in the series now", static_cast<std::int64_t>(series.samples.size()));
    out.add(std::move(t));
    out.note(fmt::format("The file is from {} to {}, a value each {}. Kept in {}.", to_string(first.begin),
                         to_string(last.begin), to_string(Duration(static_cast<double>(import.step_ns) * 1e-9)),
                         (store_.dir() / file_name(series.name)).string()));
    const auto holes = gaps(series);
    if (!holes.empty()) {
      std::string which;
      for (std::size_t i = 0; i < std::min<std::size_t>(holes.size(), 3); ++i)
        which += fmt::format("{}{} to {}", i ? ", " : "", to_string(holes[i].begin), to_string(holes[i].end));
      out.warn(fmt::format("{} gap{} in the series: {}{}; the yearly figure is taken there", holes.size(),
                           holes.size() == 1 ? "" : "s", which, holes.size() > 3 ? ", ..." : ""));
    }
    if (series.emissions.empty())
      out.warn("it is not stated whether the emissions are direct or over the life cycle: --emissions says it");
    if (o_.licence.empty()) out.warn("no licence is given: --licence keeps under what terms the figures may be used");
    return out;
  }

  const ImportOptions& o_;
  const Catalog& catalog_;
  IntensityStore store_;
  IntensityFile file_;
};

Result import_file(const ImportOptions& o, Context& context) { return Import(o, context).run(); }

}  // namespace

Capability intensity_import_capability() {
  using O = ImportOptions;
  static const auto csv =
      Fields<IntensityCsvOptions>()
          .text("column", &IntensityCsvOptions::column, "of the values; none: the first after the time")
          .text("unit", &IntensityCsvOptions::unit, "of the values where the header names none");
  static const auto fields =
      Fields<O>()
          .file("file", &O::file, "CSV, or JSON of Electricity Maps or WattTime v3")
          .positional()
          .required()
          .enumeration("format", &O::format, {"auto", "csv", "electricity-maps", "watttime"}, "of the file")
          .reference("place", &O::place, "places", "country, state or cloud region that the figures are of")
          .enumeration("kind", &O::kind, {"unsaid", "average", "marginal"}, "where the file does not say it")
          .enumeration("basis", &O::basis, {"location", "market"}, "the grid, or a contract or residual mix")
          .enumeration("emissions", &O::emissions, {"unsaid", "lifecycle", "direct"}, "where the file does not say it")
          .quantity("step", &O::step, "s", "how long a value holds; none: as the file tells")
          .range(1, 400 * 86400.0)
          .text("source", &O::source, "where the figures come from, where the file does not say it")
          .text("licence", &O::licence, "under what terms they may be used")
          .text("fetched", &O::fetched, "when the file was made; none: now")
          .flag("replace", &O::replace, "take the new figures where they contradict those that are there")
          .group(&O::csv, csv, "CSV");
  Capability c = capability<O>("catalog", "intensity-import", "Takes hourly carbon intensities of a place from a file.",
                               &import_file, fields);
  c.description =
      "Reads a CSV (a time, a value, the unit in the header), an answer of the Electricity Maps API (latest, history, "
      "past-range, forecast; an average) or of WattTime v3 (historical, forecast; co2_moer is marginal) and keeps the "
      "series in the folder of --intensity-data with source, licence and time of fetching "
      "(docs/formats/intensity.md). Average and marginal, location- and market-based, are series of their own. The "
      "same file again adds nothing; figures that contradict those that are there are refused without --replace. "
      "`catalog intensity-fetch` asks a provider instead.";
  c.verb = Verb::account;
  c.doors = Doors::command_line;
  c.emits = {"catalog.intensity_import.v1"};
  c.consumes = {"intensity.series.v1"};
  c.examples = {{{"day.csv", "--place", "FR", "--kind", "average", "--emissions", "lifecycle", "--source", "an example",
                  "--licence", "none"},
                 {{"day.csv", "time,value [gCO2e/kWh]\n2026-11-24T00:00Z,31\n2026-11-24T01:00Z,28\n"}},
                 "FR average location"}};
  return c;
}

}  // namespace wattline::catalog
