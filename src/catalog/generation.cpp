#include "catalog/generation.h"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/data_file.h"
#include "kernel/error.h"
#include "kernel/table.h"

namespace wattline::catalog {
namespace {

constexpr const char* file_name = "generation_mixes.csv";

bool is_fuel(const std::string& column) {
  return column != "code" && column != "name" && column != "year" && column != "source";
}

}  // namespace

SourceText source_text(const std::string& id, const Catalog& catalog) {
  const Table t = read_csv(catalog.file("sources.csv"), "sources.csv", {.delimiter = ',', .infer = false});
  const auto& ids = t.column("id").texts();
  const auto at = std::find(ids.begin(), ids.end(), id);
  if (at == ids.end()) return {id, ""};
  const auto row = static_cast<std::size_t>(at - ids.begin());
  return {t.column("title").texts()[row], t.column("licence").texts()[row]};
}

std::vector<std::string> place_spellings(std::string_view name, const Catalog& catalog) {
  std::vector<std::string> out{std::string(name)};
  if (name.empty()) return out;
  if (const Place* p = catalog.find_place(name)) {
    out.push_back(p->code);
    out.push_back(p->name);
    out.insert(out.end(), p->aliases.begin(), p->aliases.end());
  }
  return out;
}

FactorUse GenerationRow::use() const {
  return {fmt::format("generation.mix.{}.{}", code, year),
          "electricity by source, " + name,
          fmt::format("{} fuels", by_fuel.size()),
          source,
          std::to_string(year),
          licence};
}

std::shared_ptr<const GenerationMixes> GenerationMixes::load(const Catalog& catalog) {
  auto out = std::make_shared<GenerationMixes>();
  const DataFile file(file_name, catalog.file(file_name), {"code"}, [](std::string_view s) { return std::string(s); });
  std::map<std::string, SourceText> sources;
  GenerationRow& world = out->world_;
  for (const auto& row : file.rows()) {
    GenerationRow m;
    m.code = row.required("code");
    m.name = row.required("name");
    for (const auto& column : file.columns())
      if (is_fuel(column))
        if (const auto v = row.number(column); v && *v > 0) m.by_fuel[column] = *v;
    m.year = row.integer("year");
    const std::string& id = row.required("source");
    const auto it = sources.find(id);
    const SourceText& source =
        it != sources.end() ? it->second : sources.emplace(id, source_text(id, catalog)).first->second;
    m.source = source.title;
    m.licence = source.licence;
    for (const auto& [fuel, amount] : m.by_fuel) world.by_fuel[fuel] += amount;
    world.year = std::max(world.year, m.year);
    world.source = m.source;
    world.licence = m.licence;
    out->rows_.push_back(std::move(m));
  }
  world.code = "WORLD";
  world.name = fmt::format("the world ({} countries)", out->rows_.size());
  return out;
}

const GenerationRow* GenerationMixes::find(std::string_view name, const Catalog& catalog) const {
  for (const auto& spelling : place_spellings(name, catalog)) {
    const std::string key = name_key(spelling);
    if (key.empty()) continue;
    for (const auto& row : rows_)
      if (name_key(row.code) == key || name_key(row.name) == key) return &row;
    if (key == name_key(world_.code) && !rows_.empty()) return &world_;
  }
  return nullptr;
}

}  // namespace wattline::catalog
