#include "catalog/loader.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "catalog_data_embedded.h"
#include "kernel/error.h"
#include "kernel/time.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

std::string plain_key(std::string_view name) { return name_key(name); }

// A name for a set of rows, not a proof: half a megabyte at each start that records something, so by whole words.
std::uint64_t digest(std::uint64_t state, std::string_view text) {
  const auto mix = [&](std::uint64_t word) { state = std::rotl((state ^ word) * 0x9e3779b97f4a7c15ull, 29); };
  mix(text.size());
  for (std::size_t at = 0; at < text.size(); at += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + at, std::min(sizeof word, text.size() - at));
    mix(word);
  }
  return state;
}
std::string six_digits(std::uint64_t state) {
  return fmt::format("{:06x}", (state ^ (state >> 24) ^ (state >> 48)) & 0xffffff);
}

// The value of columns "x", "x_low", "x_high" as an estimate whose error is the factor's.
template <class Q>
Estimate<Q> factor_estimate(const DataRow& row, const std::string& value, const std::string& stem,
                            const std::string& factor_id, const std::string& source) {
  const Q v(row.required_number(value));
  const auto i = row.interval(value, stem + "_low", stem + "_high");
  if (!i) return Estimate<Q>::with_sd(v, Q(0), Method::declared, source);
  return Estimate<Q>::within(v, Q(i->low), Q(i->high), Method::declared, source).from_factor(factor_id);
}

std::string date(const DataRow& row, std::string_view column) {
  const std::string& text = row.text(column);
  if (text.empty()) return text;
  try {
    return wattline::to_string(parse_time(text)).substr(0, 10);
  } catch (const Error&) {
    row.fail(column, fmt::format("'{}' is no date", text), "write for example '2026-01-31'");
  }
}

}  // namespace

Loader::Loader(Catalog& catalog, std::string folder, Tables tables)
    : catalog_(catalog), folder_(std::move(folder)), tables_(tables) {
  for (const auto& data : catalog_data())
    if (data.name.starts_with("factors")) factor_files_.emplace_back().name = data.name;
}

std::string_view Loader::embedded(std::string_view name) {
  for (const auto& file : catalog_data())
    if (file.name == name) return file.content;
  throw world_error("a table is missing from the program", std::string(name));
}

DataFile Loader::merged(const std::string& name, std::vector<std::string> keys, DataFile::KeyOf key_of) const {
  DataFile out(name, tables_(name), std::move(keys), std::move(key_of));
  if (const auto it = catalog_.override_files_.find(name); it != catalog_.override_files_.end())
    out.put_over(folder_ + name, it->second);
  return out;
}

Origin Loader::origin(const DataRow& row, std::string_view source_column, std::string_view year_column) {
  once(sources_read_, &Loader::read_sources);
  Origin out;
  const std::string& source = row.required(source_column);
  // A row of our own names an entry of sources.csv; one put over it may say its source in words.
  if (const auto it = sources_.find(source); it != sources_.end()) {
    out.source = it->second.title;
    out.licence = it->second.licence;
  } else if (row.overridden()) {
    out.source = source;
  } else {
    row.fail(source_column, fmt::format("'{}' is not in sources.csv", source));
  }
  if (!row.text("licence").empty() && source_column == "source") out.licence = row.text("licence");
  out.year = row.integer(year_column);
  if (out.year < 1900 || out.year > 2200)
    row.fail(year_column, fmt::format("'{}' found; a year from 1900 to 2200 is allowed", row.text(year_column)));
  out.valid_from = date(row, "valid_from");
  out.valid_to = date(row, "valid_to");
  if (!out.valid_from.empty() && !out.valid_to.empty() && out.valid_from > out.valid_to)
    row.fail("valid_to", fmt::format("'{}' lies before valid_from '{}'", out.valid_to, out.valid_from));
  return out;
}

template <class Row>
void Loader::enter(std::map<std::string, std::size_t>& index, std::vector<Row>& rows, const DataRow& row, Row made,
                   std::string_view what, const std::vector<std::string>& spellings,
                   std::string (*key_of)(std::string_view)) {
  const std::size_t at = rows.size();
  rows.push_back(std::move(made));
  for (const auto& spelling : spellings) {
    const std::string key = key_of(spelling);
    if (key.empty())
      throw bad_input(fmt::format("'{}' names no {}: letters or digits are needed", spelling, what), row.where());
    if (const auto [it, fresh] = index.emplace(key, at); !fresh && it->second != at)
      throw bad_input(fmt::format("'{}' is the {} '{}' already, it cannot be '{}' too", spelling, what,
                                  rows[it->second].name, spellings.front()),
                      row.where(), "take another alias, or change the row under the name it has");
  }
}

void Loader::read_sources() {
  const auto file = merged("sources.csv", {"id"}, [](std::string_view s) { return std::string(s); });
  for (const auto& row : file.rows()) sources_[row.text("id")] = {row.required("title"), row.text("licence")};
}

void Loader::read_devices() {
  const auto file = merged("devices.csv", {"name"}, device_key);
  const auto rows = file.rows();
  catalog_.devices_.reserve(rows.size());
  for (const auto& row : rows) {
    Device d;
    d.name = row.required("name");
    d.aliases = row.list("aliases");
    const std::string& kind = row.required("kind");
    static const std::vector<std::string> kinds = {"gpu", "cpu", "soc", "accelerator"};
    const auto at = std::find(kinds.begin(), kinds.end(), kind);
    if (at == kinds.end()) row.fail("kind", fmt::format("'{}' found; gpu, cpu, soc or accelerator is allowed", kind));
    d.kind = static_cast<DeviceKind>(at - kinds.begin());
    d.board_power = row.quantity<Power>("board_power").value_or(Power(0));
    d.idle_power = row.quantity<Power>("idle_power");
    if (d.idle_power && d.board_power > Power(0) && *d.idle_power > d.board_power)
      row.fail("idle_power", fmt::format("{} is more than the board power of {}", wattline::to_string(*d.idle_power),
                                         wattline::to_string(d.board_power)));
    d.memory = row.quantity<Bytes>("memory");
    d.bandwidth = row.quantity<Bandwidth>("bandwidth");
    d.link = row.quantity<Bandwidth>("link");
    for (const auto& column : file.columns())
      if (column.starts_with("peak_"))
        if (const auto rate = row.quantity<ComputeRate>(column)) d.peak[column.substr(5)] = *rate;
    d.cores = row.integer("cores");
    d.origin = origin(row);
    d.note = row.text("note");
    std::vector<std::string> spellings = d.aliases;
    spellings.insert(spellings.begin(), d.name);
    enter(catalog_.device_index_, catalog_.devices_, row, std::move(d), "device", spellings, device_key);
  }
}

void Loader::read_models() {
  const auto file = merged("models.csv", {"name"}, plain_key);
  const auto rows = file.rows();
  catalog_.models_.reserve(rows.size());
  for (const auto& row : rows) {
    Model m;
    m.name = row.required("name");
    m.aliases = row.list("aliases");
    m.parameters = row.required_number("parameters", 1);
    m.active_parameters = row.number("active_parameters", 1).value_or(m.parameters);
    if (m.active_parameters > m.parameters)
      row.fail("active_parameters", fmt::format("'{}' is more than all parameters, '{}'", row.text("active_parameters"),
                                                row.text("parameters")));
    m.parameters_interval = row.interval("parameters", "parameters_low", "parameters_high");
    m.active_parameters_interval = row.interval("active_parameters", "active_low", "active_high");
    m.layers = row.integer("layers");
    m.hidden = row.integer("hidden");
    m.heads = row.integer("heads");
    m.kv_heads = row.integer("kv_heads");
    m.head_size = row.integer("head_size");
    m.feed_forward = row.integer("feed_forward");
    m.vocabulary = row.integer("vocabulary");
    m.context = row.integer("context");
    m.experts = row.integer("experts");
    m.experts_per_token = row.integer("experts_per_token");
    m.kv_elements_per_token = row.number("kv_elements_per_token");
    m.tied_embeddings = row.flag("tied_embeddings");
    m.window_layers = row.integer("window_layers");
    m.window = row.integer("window");
    if (m.experts_per_token > m.experts)
      row.fail("experts_per_token", fmt::format("{} of {} experts", m.experts_per_token, m.experts));
    if (m.window_layers > m.layers)
      row.fail("window_layers", fmt::format("{} of {} layers", m.window_layers, m.layers));
    if (m.kv_heads > m.heads) row.fail("kv_heads", fmt::format("{} of {} heads", m.kv_heads, m.heads));
    m.origin = origin(row);
    m.note = row.text("note");
    std::vector<std::string> spellings = m.aliases;
    spellings.insert(spellings.begin(), m.name);
    enter(catalog_.model_index_, catalog_.models_, row, std::move(m), "model", spellings, name_key);
  }
}

void Loader::read_places() {
  const auto file = merged("places.csv", {"code"}, plain_key);
  const auto rows = file.rows();
  catalog_.places_.reserve(rows.size());
  for (const auto& row : rows) {
    Place p;
    p.code = row.required("code");
    p.name = row.required("name");
    p.aliases = row.list("aliases");
    p.origin = origin(row);
    p.carbon_intensity = factor_estimate<CarbonIntensity>(
        row, "carbon_intensity", "carbon", fmt::format("grid.{}.{}", p.code, p.origin.year), p.origin.source);
    p.carbon_interval = row.interval("carbon_intensity", "carbon_low", "carbon_high");
    p.water_interval = row.interval("water_intensity", "water_low", "water_high");
    p.note = row.text("note");
    if (!row.text("water_intensity").empty()) {
      p.water_origin = origin(row, "water_source", "water_year");
      p.water_intensity = factor_estimate<WaterIntensity>(row, "water_intensity", "water",
                                                          fmt::format("water.{}.{}", p.code, p.water_origin.year),
                                                          p.water_origin.source);
    }
    std::vector<std::string> spellings = p.aliases;
    spellings.insert(spellings.begin(), {p.code, p.name});
    enter(catalog_.place_index_, catalog_.places_, row, std::move(p), "place", spellings, name_key);
  }
}

void Loader::read_regions() {
  need_places();
  const auto file = merged("regions.csv", {"provider", "name"}, plain_key);
  const auto rows = file.rows();
  catalog_.regions_.reserve(rows.size());
  for (const auto& row : rows) {
    Region r;
    r.provider = row.required("provider");
    r.name = row.required("name");
    const std::string& place = row.required("place");
    const auto at = catalog_.place_index_.find(name_key(place));
    if (at == catalog_.place_index_.end()) {
      std::vector<std::string> codes;
      for (const auto& p : catalog_.places_) codes.push_back(p.code);
      row.fail("place", unknown_name("place", place, codes).message());
    }
    r.place = catalog_.places_[at->second].code;
    r.pue = row.number("pue", 1);
    r.city = row.text("city");
    r.note = row.text("note");
    r.origin = origin(row);
    r.carbon_interval = row.interval("carbon_intensity", "carbon_low", "carbon_high");
    if (!row.text("carbon_intensity").empty())
      r.carbon_intensity = factor_estimate<CarbonIntensity>(
          row, "carbon_intensity", "carbon", fmt::format("grid.{}/{}.{}", r.provider, r.name, r.origin.year),
          r.origin.source);
    catalog_.region_index_[name_key(r.provider) + "/" + name_key(r.name)] = catalog_.regions_.size();
    catalog_.regions_.push_back(std::move(r));
  }
}

void Loader::read_factors(FactorFile& into) {
  const auto file = merged(into.name, {"id"}, [](std::string_view s) { return std::string(s); });
  for (const auto& row : file.rows()) {
    Factor f;
    f.id = row.required("id");
    f.description = row.required("description");
    f.unit = row.text("unit");
    try {
      parse_unit(f.unit);
    } catch (const Error& e) {
      row.fail("unit", e.message(), e.hint());
    }
    f.value = row.required_number("value", -1e300);
    const auto interval = row.interval("value", "low", "high");
    f.interval = interval.value_or(Interval{f.value, f.value});
    f.group = row.required("group");
    f.origin = origin(row);
    if (row.text("source") == "wattline") f.method = Method::modelled;
    f.note = row.text("note");
    std::string id = f.id;
    into.rows.emplace(std::move(id), std::move(f));
  }
}

void Loader::need(FactorFile& file) {
  std::call_once(file.read, [&] { read_factors(file); });
}

const Factor* Loader::find_factor(std::string_view id) {
  const auto look = [&](FactorFile& file) -> const Factor* {
    need(file);
    const auto it = file.rows.find(id);
    return it == file.rows.end() ? nullptr : &it->second;
  };
  const std::string own = fmt::format("factors_{}.csv", id.substr(0, id.find('.')));
  for (auto& file : factor_files_)
    if (file.name == own)
      if (const Factor* f = look(file)) return f;
  for (auto& file : factor_files_)
    if (const Factor* f = look(file)) return f;
  return nullptr;
}

void Loader::gather_factors() {
  std::vector<Factor>& all = catalog_.factors_;
  for (auto& file : factor_files_) {
    need(file);
    for (const auto& [id, factor] : file.rows) all.push_back(factor);
  }
  std::sort(all.begin(), all.end(), [](const Factor& a, const Factor& b) { return a.id < b.id; });
  const auto twice =
      std::adjacent_find(all.begin(), all.end(), [](const Factor& a, const Factor& b) { return a.id == b.id; });
  if (twice != all.end()) throw bad_input(fmt::format("the factor '{}' is in two files", twice->id), "factors.csv");
}

void Loader::set_version() {
  std::uint64_t state = 0xcbf29ce484222325ull;
  for (const auto& file : catalog_data()) state = digest(digest(state, file.name), file.content);
  std::string edition;
  const DataFile file("edition.csv", embedded("edition.csv"), {"date"},
                      [](std::string_view s) { return std::string(s); });
  for (const auto& row : file.rows()) edition = date(row, "date");
  catalog_.version_ = edition + "-" + six_digits(state);
  if (catalog_.override_files_.empty()) return;
  state = 0xcbf29ce484222325ull;
  for (const auto& [name, content] : catalog_.override_files_) state = digest(digest(state, name), content);
  catalog_.version_ += "+" + six_digits(state);
}

std::shared_ptr<Catalog> Loader::load(std::map<std::string, std::string, std::less<>> overrides,
                                      const std::string& folder, Tables tables) {
  auto out = std::make_shared<Catalog>();
  out->override_files_ = std::move(overrides);
  std::vector<std::string> known;
  for (const auto& file : catalog_data()) known.emplace_back(file.name);
  for (const auto& [name, content] : out->override_files_)
    if (std::find(known.begin(), known.end(), name) == known.end() || name == "edition.csv")
      throw bad_input(unknown_name("catalog file", name, known).message(), folder + name,
                      "docs/formats/catalog.md lists the files");
  out->loader_.reset(new Loader(*out, folder, tables));
  if (out->override_files_.empty() && tables == embedded) return out;
  out->loader_->need_regions();
  out->loader_->need_devices();
  out->loader_->need_models();
  out->loader_->need_factors();
  return out;
}

}  // namespace wattline::catalog
