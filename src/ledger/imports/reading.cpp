#include "ledger/imports/reading.h"

namespace wattline::ledger::imports {
namespace {

// Names of rows repeat; a file made to have endless ones does not fill the memory.
constexpr std::size_t most_names = 100'000;

template <class Map, class Find>
auto remembered(Map& map, std::string_view name, Find find) {
  std::string key(name);
  if (const auto it = map.find(key); it != map.end()) return it->second;
  if (map.size() >= most_names) map.clear();
  return map.emplace(std::move(key), find()).first->second;
}

}  // namespace

std::optional<std::string> Reading::place(std::string_view name) {
  return remembered(places_, name, [&]() -> std::optional<std::string> {
    if (name.empty()) return std::nullopt;
    if (name.find('/') != std::string_view::npos) {
      const auto* region = catalog.find_region(name);
      if (region) return region->provider + "/" + region->name;
    }
    const auto* place = catalog.find_place(name);
    return place ? std::optional(place->code) : std::nullopt;
  });
}

std::string Reading::device(std::string_view name) {
  return remembered(devices_, name, [&] {
    const auto* device = name.empty() ? nullptr : catalog.find_device(name);
    return device ? device->name : std::string();
  });
}

std::string Reading::model(std::string_view name) {
  return remembered(models_, name, [&] {
    const auto* model = name.empty() ? nullptr : catalog.find_model(name);
    return model ? model->name : std::string();
  });
}

const RawEstimate& Reading::factor(const std::string& id) {
  if (const auto it = factors_.find(id); it != factors_.end()) return it->second;
  const auto& f = catalog.factor(id);
  notes.use(f.use());
  return factors_.emplace(id, f.estimate()).first->second;
}

LabelColumns::LabelColumns(const Sheet& sheet, const Reading& reading) {
  for (const auto& [label, column] : reading.options.labels) columns_.emplace_back(label, sheet.named(column));
}

void LabelColumns::add(const Sheet& sheet, Fact& fact) const {
  for (const auto& [label, column] : columns_)
    if (const auto value = sheet.text(column); !value.empty()) fact.labels.emplace_back(label, value);
}

}  // namespace wattline::ledger::imports
