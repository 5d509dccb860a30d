// What a disclosure of a model or study must, should and may say: schema 1, rows of disclosure_items.csv. The items are
// derived from Shi, Yang, Lo (arXiv 2404.04566), Hort, Grishina, Moonen (2307.02443), Bai et al. (2401.00625), Luccioni
// et al. (2504.00797), which ask for them in words; the typed schema, its levels and weights are ours.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/json.h"

namespace wattline::ledger::disclose {

inline constexpr int schema_version = 1;

enum class Level { core, recommended, full };
std::string_view to_string(Level);
double weight(Level);  // 3, 2, 1

struct Item {
  std::string path;  // "energy.value"
  std::string type;  // text, number, integer, quantity, enum, list, url
  std::string unit;
  Level level = Level::core;
  std::vector<std::string> allowed;  // of enum and list
  std::string applies_if;  // a stage; "": always
  std::string alternative;  // another path that does as well
  std::string source, how;
};
std::vector<Item> schema(const catalog::Catalog&);

enum class Standing { pass, missing, malformed, not_applicable };
std::string_view to_string(Standing);

struct Finding {
  const Item* item = nullptr;
  Standing standing = Standing::missing;
  std::string value, why;
};

// The value at a dotted path, or nullptr.
const Json* at_path(const Json& manifest, std::string_view path);
void set_path(Json& manifest, std::string_view path, Json value);

// "TBD", "N/A", "xxx": says nothing.
bool is_placeholder(std::string_view);
// A number in the item's own unit: 12, "12 kWh", {"value": 12, "low": 10, "high": 15}. Nothing when absent or malformed.
std::optional<double> number_at(const Json& manifest, const Item&, std::string* why = nullptr);
std::optional<std::string> text_at(const Json& manifest, std::string_view path);

std::vector<Finding> examine(const Json& manifest, const std::vector<Item>&);

struct Score {
  double core = 0, recommended = 0, full = 0;  // shares of the weight that applies
  double upto = 0;  // of all levels up to the one asked
  char grade = 'E';
};
// A from 0.9 without a core item missing and without a contradiction, which caps at C; B 0.8, C 0.65, D 0.5.
Score score(const std::vector<Finding>&, Level upto, bool contradicted);

}  // namespace wattline::ledger::disclose
