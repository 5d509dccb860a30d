#include "catalog/catalog.h"

#include <cerrno>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "catalog/loader.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

std::string validity(const Origin& o) {
  std::string out = o.year ? std::to_string(o.year) : "";
  if (!o.valid_from.empty()) out += fmt::format("{}from {}", out.empty() ? "" : ", ", o.valid_from);
  if (!o.valid_to.empty())
    out += fmt::format("{}to {}", out.empty() ? "" : o.valid_from.empty() ? ", " : " ", o.valid_to);
  return out;
}

FactorUse used(std::string id, std::string description, std::string value, const Origin& o) {
  return {std::move(id), std::move(description), std::move(value), o.source, validity(o), o.licence};
}

// "52 gCO2e/kWh (41.6 .. 62.4)", the interval as the row states it.
template <class Q>
std::string value_text(Q value, const std::optional<Interval>& interval, Q unit, std::string_view symbol) {
  std::string out = fmt::format("{} {}", format_number(value.in(unit)), symbol);
  if (interval)
    out +=
        fmt::format(" ({} .. {})", format_number(Q(interval->low).in(unit)), format_number(Q(interval->high).in(unit)));
  return out;
}
std::string carbon_text(const Estimate<CarbonIntensity>& e, const std::optional<Interval>& interval) {
  return value_text(e.value(), interval, units::gCO2e_per_kWh, "gCO2e/kWh");
}

constexpr std::uintmax_t largest_file = 64u << 20;

}  // namespace

std::shared_ptr<Catalog> Catalog::load(const std::filesystem::path& overrides) {
  namespace fs = std::filesystem;
  std::map<std::string, std::string, std::less<>> texts;
  if (overrides.empty()) return Loader::load(std::move(texts));
  std::error_code failed;
  if (!fs::is_directory(overrides, failed))
    throw Error(ErrorKind::not_found, fs::exists(overrides, failed) ? "this is no folder" : "there is no such folder",
                overrides.string(), "--catalog takes a folder with files as places.csv or devices.csv");
  fs::directory_iterator entries(overrides, failed);
  if (failed) throw errno_error("read the folder", overrides.string(), failed.value());
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (entry.path().extension() != ".csv") continue;
    if (!entry.is_regular_file(failed)) throw bad_input("this is no file", entry.path().string());
    if (entry.file_size(failed) > largest_file && !failed)
      throw bad_input("a catalog file of over 64 MiB", entry.path().string());
    std::ifstream file(entry.path(), std::ios::binary);
    if (!file) throw errno_error("open", entry.path().string(), errno);
    texts[name].assign(std::istreambuf_iterator<char>(file), {});
    if (file.bad()) throw errno_error("read", entry.path().string(), errno);
  }
  return Loader::load(std::move(texts), (overrides / "").string());
}

std::string_view Catalog::file(std::string_view name) const {
  if (const auto it = override_files_.find(name); it != override_files_.end()) return it->second;
  try {
    return Loader::embedded(name);
  } catch (const Error&) {
    throw Error(ErrorKind::not_found, fmt::format("no catalog file '{}'", name.substr(0, 100)));
  }
}

const std::vector<Device>& Catalog::devices() const {
  if (loader_) loader_->need_devices();
  return devices_;
}
const std::vector<Model>& Catalog::models() const {
  if (loader_) loader_->need_models();
  return models_;
}
const std::vector<Place>& Catalog::places() const {
  if (loader_) loader_->need_places();
  return places_;
}
const std::vector<Region>& Catalog::regions() const {
  if (loader_) loader_->need_regions();
  return regions_;
}
const std::vector<Factor>& Catalog::factors() const {
  if (loader_) loader_->need_factors();
  return factors_;
}
const std::string& Catalog::version() const {
  if (loader_) loader_->need_version();
  return version_;
}

const Device* Catalog::find_device(std::string_view name) const {
  return loader_ ? loader_->find_device(name) : nullptr;
}
const Model* Catalog::find_model(std::string_view name) const { return loader_ ? loader_->find_model(name) : nullptr; }
const Region* Catalog::find_region(std::string_view name) const {
  const auto slash = name.find('/');
  if (slash == std::string_view::npos || !loader_) return nullptr;
  return loader_->find_region(name.substr(0, slash), name.substr(slash + 1));
}
const Place* Catalog::find_place(std::string_view name) const {
  if (name.empty()) name = "WORLD";
  if (const Region* r = find_region(name)) return find_place(r->place);
  return loader_ ? loader_->find_place(name) : nullptr;
}

const Device& Catalog::device(std::string_view name) const {
  if (const Device* d = find_device(name)) return *d;
  std::vector<std::string> known;
  for (const auto& d : devices()) {
    known.push_back(d.name);
    known.insert(known.end(), d.aliases.begin(), d.aliases.end());
  }
  throw unknown_name("device", name, known, "wattline catalog devices");
}

const Model& Catalog::model(std::string_view name) const {
  if (const Model* m = find_model(name)) return *m;
  std::vector<std::string> known;
  for (const auto& m : models()) {
    known.push_back(m.name);
    known.insert(known.end(), m.aliases.begin(), m.aliases.end());
  }
  throw unknown_name("model", name, known, "wattline catalog models");
}

const Place& Catalog::place(std::string_view name) const {
  if (const Place* p = find_place(name)) return *p;
  std::vector<std::string> known;
  if (name.find('/') != std::string_view::npos) {
    for (const auto& r : regions()) known.push_back(r.provider + "/" + r.name);
    throw unknown_name("region", name, known, "wattline catalog places --regions");
  }
  for (const auto& p : places()) {
    known.push_back(p.name);
    known.push_back(p.code);
    known.insert(known.end(), p.aliases.begin(), p.aliases.end());
  }
  for (const auto& r : regions())
    if (name_key(r.name) == name_key(name)) known.insert(known.begin(), r.provider + "/" + r.name);
  throw unknown_name("place", name, known, "wattline catalog places");
}

const Region& Catalog::region(std::string_view name) const {
  if (const Region* r = find_region(name)) return *r;
  std::vector<std::string> known;
  for (const auto& r : regions()) known.push_back(r.provider + "/" + r.name);
  throw unknown_name("region", name, known, "wattline catalog places --regions");
}

const Factor& Catalog::factor(std::string_view id) const {
  if (const Factor* f = loader_ ? loader_->find_factor(id) : nullptr) return *f;
  std::vector<std::string> known;
  for (const auto& f : factors()) known.push_back(f.id);
  throw unknown_name("factor", id, known, "wattline catalog factors");
}

FactorUse Factor::use() const {
  std::string text = format_number(value, 6) + (unit.empty() ? "" : " " + unit);
  if (interval.low != interval.high)
    text += fmt::format(" ({} .. {})", format_number(interval.low), format_number(interval.high));
  return used(id, description, std::move(text), origin);
}

RawEstimate Factor::estimate() const {
  const double scale = parse_unit(unit).scale;
  const double half = std::max(interval.high - value, value - interval.low) * scale;
  RawEstimate out(value * scale, half / 1.96, method, origin.source);
  out.attribute_to(id);
  if (value < 0 || interval.low < 0) out.set_signed();
  return out;
}

FactorUse use(const Device& d) {
  std::string text = d.board_power > Power(0) ? to_string(d.board_power) : "power not published";
  if (d.memory) text += fmt::format(", {} GiB", format_number(d.memory->in(units::GiB)));
  if (d.bandwidth) text += fmt::format(", {}", to_string(*d.bandwidth));
  for (const auto& [format, rate] : d.peak) text += fmt::format(", {} {}", format, to_string(rate));
  return used("device." + d.name, "data sheet of " + d.name, std::move(text), d.origin);
}

FactorUse use(const Model& m) {
  const auto count = [](double n) { return format_number(n / 1e9) + "e9"; };
  std::string text = count(m.parameters) + " parameters";
  if (m.active_parameters != m.parameters) text += fmt::format(", {} active", count(m.active_parameters));
  if (m.active_parameters_interval)
    text +=
        fmt::format(" ({} .. {})", count(m.active_parameters_interval->low), count(m.active_parameters_interval->high));
  return used("model." + m.name, "size and shape of " + m.name, std::move(text), m.origin);
}

FactorUse use_carbon(const Place& p) {
  return used(fmt::format("grid.{}.{}", p.code, p.origin.year), "carbon intensity of electricity, " + p.name,
              carbon_text(p.carbon_intensity, p.carbon_interval), p.origin);
}
FactorUse use_water(const Place& p) {
  if (!p.water_intensity)
    throw Error(ErrorKind::not_found, fmt::format("no water intensity is known for {} ({})", p.code, p.name), {},
                "give it with --water-intensity");
  return used(fmt::format("water.{}.{}", p.code, p.water_origin.year), "water used to make electricity, " + p.name,
              value_text(p.water_intensity->value(), p.water_interval, units::L_per_kWh, "L/kWh"), p.water_origin);
}
FactorUse use_carbon(const Region& r) {
  if (!r.carbon_intensity)
    throw Error(ErrorKind::not_found, fmt::format("{}/{} gives no carbon intensity of its own", r.provider, r.name));
  return used(fmt::format("grid.{}/{}.{}", r.provider, r.name, r.origin.year),
              fmt::format("carbon intensity of electricity, {}/{}", r.provider, r.name),
              carbon_text(*r.carbon_intensity, r.carbon_interval), r.origin);
}

}  // namespace wattline::catalog
