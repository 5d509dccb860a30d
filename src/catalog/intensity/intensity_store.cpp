#include "catalog/intensity/intensity_store.h"

#include <algorithm>
#include <cstdlib>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/options.h"
#include "kernel/write_whole.h"

namespace wattline::catalog {
namespace fs = std::filesystem;

fs::path default_intensity_dir() {
  const auto variable = [](const char* name) {
    const char* value = std::getenv(name);
    return std::string(value ? value : "");
  };
  if (const auto own = variable("WATTLINE_INTENSITY_DATA"); !own.empty()) return own;
  if (const auto xdg = variable("XDG_DATA_HOME"); !xdg.empty()) return fs::path(xdg) / "wattline" / "intensity";
  return fs::path(variable("HOME")) / ".local" / "share" / "wattline" / "intensity";
}

fs::path intensity_dir(const Context& context) {
  const auto* location = context.find<IntensityLocation>();
  return location ? location->dir() : default_intensity_dir();
}

std::string intensity_place(std::string_view place, const Catalog& catalog) {
  if (place.empty()) throw bad_input("no place is given", "place", "--place FR; `wattline catalog places` lists them");
  if (const Region* r = catalog.find_region(place)) return fmt::format("{}/{}", r->provider, r->name);
  return catalog.place(place).code;
}

IntensityMerge merge(IntensitySeries& series, const std::string& emissions, const IntensityImport& import,
                     const std::vector<IntensitySample>& samples, bool replace) {
  if (!series.imports.empty() && series.emissions != emissions) {
    const auto shown = [](const std::string& s) { return s.empty() ? std::string("not stated") : s; };
    throw bad_input(fmt::format("the emissions are {} here and {} in the series {}", shown(emissions),
                                shown(series.emissions), to_string(series.name)),
                    import.file, "one series holds one kind of figure: use another --intensity-data folder");
  }
  for (const auto& known : series.imports)
    if (!known.zone.empty() && !import.zone.empty() && known.zone != import.zone)
      throw bad_input(
          fmt::format("is of the zone {}; the series {} is of {}", import.zone, to_string(series.name), known.zone),
          import.file, "one series holds one zone: use another --intensity-data folder");
  IntensityMerge out;
  const auto number = static_cast<std::uint32_t>(series.imports.size());
  std::vector<IntensitySample> merged;
  merged.reserve(series.samples.size() + samples.size());
  std::size_t i = 0;
  for (IntensitySample s : samples) {
    s.import = number;
    while (i < series.samples.size() && series.samples[i].begin < s.begin) merged.push_back(series.samples[i++]);
    if (i == series.samples.size() || series.samples[i].begin != s.begin) {
      merged.push_back(s);
      ++out.added;
      continue;
    }
    const IntensitySample& old = series.samples[i++];
    // A stored value has the digits that read back exactly, so the same is the same.
    if (old.grams == s.grams && old.estimated == s.estimated) ++out.same;
    else if (old.estimated && (!s.estimated || old.grams != s.grams)) ++out.replaced_estimates;
    else if (s.estimated) ++out.kept;
    else if (replace) ++out.replaced;
    else
      throw bad_input(fmt::format("{} has {:.6g} gCO2e/kWh here and {:.6g} in the series {}", to_string(s.begin),
                                  s.grams, old.grams, to_string(series.name)),
                      import.file, "the source revised its figures? --replace takes the new ones");
    const bool take = (old.grams != s.grams || old.estimated != s.estimated) && (old.estimated || !s.estimated);
    merged.push_back(take ? s : old);
  }
  merged.insert(merged.end(), series.samples.begin() + static_cast<std::ptrdiff_t>(i), series.samples.end());
  if (!out.changed()) return out;
  series.emissions = emissions;
  series.imports.push_back(import);
  series.samples = std::move(merged);
  return out;
}

std::vector<IntensityName> IntensityStore::names() const {
  std::vector<IntensityName> out;
  std::error_code ec;
  for (fs::directory_iterator it(dir_, ec), end; !ec && it != end; it.increment(ec)) {
    std::string name = it->path().filename().string();
    for (const auto kind : {IntensityKind::average, IntensityKind::marginal})
      for (const auto basis : {IntensityBasis::location, IntensityBasis::market}) {
        const std::string tail = fmt::format(".{}.{}.csv", to_string(kind), to_string(basis));
        if (!name.ends_with(tail) || name.size() == tail.size() || name.starts_with('.')) continue;
        std::string place = name.substr(0, name.size() - tail.size());
        std::replace(place.begin(), place.end(), '_', '/');
        out.push_back({std::move(place), kind, basis});
      }
  }
  if (ec && ec != std::errc::no_such_file_or_directory)
    throw errno_error("read the folder of intensities", dir_.string(), ec.value());
  std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return to_string(a) < to_string(b); });
  return out;
}

std::shared_ptr<const IntensitySeries> IntensityStore::find(const IntensityName& name) const {
  const fs::path file = dir_ / file_name(name);
  std::error_code ignored;
  if (!fs::exists(file, ignored)) return nullptr;
  auto series = std::make_shared<IntensitySeries>(
      parse_intensity_series(InputFile::from_path(file.string()).read(), file.string()));
  if (!(series->name == name))
    throw bad_input(fmt::format("holds the series {}, its name says {}", to_string(series->name), to_string(name)),
                    file.string(), "the file was renamed: import it anew");
  return series;
}

std::shared_ptr<const IntensitySeries> IntensityStore::find_for(std::string_view place, IntensityKind kind,
                                                                IntensityBasis basis, const Catalog& catalog) const {
  const std::string own = intensity_place(place, catalog);
  if (auto series = find({own, kind, basis})) return series;
  const std::string& around = catalog.place(place).code;
  return around == own ? nullptr : find({around, kind, basis});
}

std::string IntensityStore::why_none(std::string_view place, IntensityKind kind, IntensityBasis basis,
                                     const Catalog& catalog) const {
  const std::string own = intensity_place(place, catalog);
  const std::string& around = catalog.place(place).code;
  std::string others;
  for (const auto& n : names())
    if (n.place == own || n.place == around) others += (others.empty() ? "" : ", ") + to_string(n);
  const std::string none = fmt::format("no {} {}-based series of {}", to_string(kind), to_string(basis), own);
  return others.empty() ? none : fmt::format("{}; there is {}, which answers another question", none, others);
}

void IntensityStore::save(const IntensitySeries& series) const {
  std::error_code ec;
  fs::create_directories(dir_, ec);
  if (ec) throw errno_error("make the folder of intensities", dir_.string(), ec.value());
  write_whole(dir_ / file_name(series.name), to_text(series));
}

}  // namespace wattline::catalog
