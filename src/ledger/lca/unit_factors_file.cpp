#include "ledger/lca/unit_factors_file.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/table.h"

namespace wattline::ledger::lca {
namespace {

Part part_of(const std::string& name, const std::string& where) {
  std::vector<std::string> known;
  for (std::size_t p = 0; p < part_count; ++p) {
    known.emplace_back(to_string(Part(p)));
    if (catalog::name_key(known.back()) == catalog::name_key(name)) return Part(p);
  }
  throw bad_input(unknown_name("component", name, known).message(), where);
}

std::vector<GivenFactor> read(std::string_view content, std::string_view where, const Data& data) {
  const Table table = read_csv(content, where, {.max_rows = 10'000});
  const auto& components = table.column("component");
  const auto& categories = table.column("category");
  const std::vector<double> values = table.column("value").to_numbers();
  std::vector<GivenFactor> out;
  std::set<std::pair<int, std::size_t>> seen;
  for (std::size_t i = 0; i < table.rows(); ++i) {
    const std::string place = fmt::format("{}: data row {}", where, i + 1);
    GivenFactor f;
    f.part = part_of(components.texts()[i], place);
    try {
      f.category = data.category(categories.texts()[i]);
    } catch (const Error& e) {
      throw bad_input(e.message(), place, e.hint());
    }
    f.value = values[i];
    if (!std::isfinite(f.value) || f.value < 0)
      throw bad_input(fmt::format("value: a number of 0 or more is needed, '{}' found", f.value), place,
                      "leave the row out where the factor is not known");
    if (!seen.emplace(f.part, f.category).second)
      throw bad_input(fmt::format("{} of {} is there twice", data.categories()[f.category].code, to_string(f.part)),
                      place);
    out.push_back(f);
  }
  if (out.empty()) throw bad_input("no factors in the file", std::string(where), "component,category,value");
  return out;
}

}  // namespace

std::vector<GivenFactor> read_unit_factors(std::string_view content, std::string_view where, const Data& data) {
  try {
    return read(content, where, data);
  } catch (const Error& e) {
    // A column that is missing or of another kind does not know whose it is.
    throw e.where().empty() ? e.at(where) : e;
  }
}

}  // namespace wattline::ledger::lca
