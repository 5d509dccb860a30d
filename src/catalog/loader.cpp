#include "catalog/loader.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "catalog_data_embedded.h"
#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

std::string plain_key(std::string_view name) { return name_key(name); }

// A name for a set of rows, not a proof: half a megabyte at each start that records something, so by whole words.
std::uint64_t digest(std::uint64_t state, std::string_view text) {
  const auto mix = [&](std::uint64_t word) { state = std::rotl((state ^ word) * 0x9e3779b97f4a7c15ull, 29); };
  mix(text.size());
  std::uint64_t word = 0;
  std::size_t at = 0;
  for (; at + sizeof word <= text.size(); at += sizeof word) {
    std::memcpy(&word, text.data() + at, sizeof word);
    mix(word);
  }
  word = 0;
  std::memcpy(&word, text.data() + at, text.size() - at);
  if (at < text.size()) mix(word);
  return state;
}
std::string six_digits(std::uint64_t state) {
  return fmt::format("{:06x}", (state ^ (state >> 24) ^ (state >> 48)) & 0xffffff);
}

template <class T>
const T* find_in(const std::vector<T>& rows, const std::map<std::string, std::size_t>& index, const std::string& key) {
  const auto it = index.find(key);
  return it == index.end() ? nullptr : &rows[it->second];
}

}  // namespace

Loader::Loader(Catalog& catalog, std::string folder, Tables tables)
    : catalog_(catalog),
      folder_(std::move(folder)),
      tables_(tables),
      reader_([this](const std::string& id) { return find_source(id); }) {
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

const Source* Loader::find_source(const std::string& id) {
  sources_read_.once([this] { read_sources(); });
  const auto it = sources_.find(id);
  return it == sources_.end() ? nullptr : &it->second;
}

void Loader::read_devices() {
  const auto file = merged("devices.csv", {"name"}, device_key);
  const auto rows = file.rows();
  catalog_.devices_.reserve(rows.size());
  for (const auto& row : rows) {
    Device d = reader_.device(row);
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
    Model m = reader_.model(row);
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
    Place p = reader_.place(row);
    std::vector<std::string> spellings = p.aliases;
    spellings.insert(spellings.begin(), {p.code, p.name});
    enter(catalog_.place_index_, catalog_.places_, row, std::move(p), "place", spellings, name_key);
  }
}

void Loader::read_regions() {
  places_.once([this] { read_places(); });
  const auto file = merged("regions.csv", {"provider", "name"}, plain_key);
  const auto rows = file.rows();
  catalog_.regions_.reserve(rows.size());
  for (const auto& row : rows) {
    Region r = reader_.region(row);
    const Place* place = find_in(catalog_.places_, catalog_.place_index_, name_key(r.place));
    if (!place) {
      std::vector<std::string> codes;
      for (const auto& p : catalog_.places_) codes.push_back(p.code);
      row.fail("place", unknown_name("place", r.place, codes).message());
    }
    r.place = place->code;
    catalog_.region_index_[name_key(r.provider) + "/" + name_key(r.name)] = catalog_.regions_.size();
    catalog_.regions_.push_back(std::move(r));
  }
}

void Loader::read_factors(FactorFile& into) {
  const auto file = merged(into.name, {"id"}, [](std::string_view s) { return std::string(s); });
  for (const auto& row : file.rows()) {
    Factor f = reader_.factor(row);
    std::string id = f.id;
    into.rows.emplace(std::move(id), std::move(f));
  }
}

void Loader::need(FactorFile& file) {
  file.whole.once([&] { read_factors(file); });
}

const Device* Loader::find_device(std::string_view name) {
  if (single_ && !devices_.done())
    if (const auto found = single_->device(name)) return *found;
  need_devices();
  return find_in(catalog_.devices_, catalog_.device_index_, device_key(name));
}

const Model* Loader::find_model(std::string_view name) {
  if (single_ && !models_.done())
    if (const auto found = single_->model(name)) return *found;
  need_models();
  return find_in(catalog_.models_, catalog_.model_index_, name_key(name));
}

const Place* Loader::find_place(std::string_view name) {
  if (single_ && !places_.done())
    if (const auto found = single_->place(name)) return *found;
  need_places();
  return find_in(catalog_.places_, catalog_.place_index_, name_key(name));
}

const Region* Loader::find_region(std::string_view provider, std::string_view name) {
  if (single_ && !regions_.done())
    if (const auto found = single_->region(provider, name)) return *found;
  need_regions();
  return find_in(catalog_.regions_, catalog_.region_index_, name_key(provider) + "/" + name_key(name));
}

const Factor* Loader::find_factor(std::string_view id) {
  const auto look = [&](FactorFile& file) -> const Factor* {
    if (single_ && !file.whole.done())
      if (const auto found = single_->factor(file.name, id)) return *found;
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
  if (out->override_files_.empty() && tables == embedded) {
    Loader& loader = *out->loader_;
    loader.single_ =
        std::make_unique<SingleRows>(tables, [&loader](const std::string& id) { return loader.find_source(id); });
    return out;
  }
  out->loader_->need_regions();
  out->loader_->need_devices();
  out->loader_->need_models();
  out->loader_->need_factors();
  return out;
}

}  // namespace wattline::catalog
