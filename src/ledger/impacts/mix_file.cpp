#include "ledger/impacts/mix_file.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/table.h"

namespace wattline::ledger {

std::map<std::string, physics::GenerationMix> read_mixes(std::string_view text, const std::string& where,
                                                         const catalog::Catalog& catalog) {
  const Table t = read_csv(text, where);
  const auto& fuels = t.column("fuel").texts();
  const Column* amounts = t.find("generation");
  if (!amounts) amounts = t.find("share");
  if (!amounts)
    throw bad_input("a column 'generation' (or 'share') is needed beside 'fuel'", where,
                    "for example: place,fuel,generation");
  if (fuels.empty()) throw bad_input("no row has an amount", where, "for example: fuel,generation and hydro,60");
  const auto numbers = amounts->to_numbers();
  const Column* places = t.find("place");
  std::map<std::string, physics::GenerationMix> out;
  for (std::size_t i = 0; i < fuels.size(); ++i) {
    const std::string row = fmt::format("{}:{}", where, i + 2);
    if (std::isnan(numbers[i])) continue;
    const auto& known = physics::mix_fuels();
    if (std::find(known.begin(), known.end(), fuels[i]) == known.end())
      throw unknown_name("fuel", fuels[i], known).at(row);
    if (!(numbers[i] >= 0) || !std::isfinite(numbers[i]))
      throw bad_input(fmt::format("'{}' of {}: 0 or more is allowed", numbers[i], fuels[i]), row);
    std::string place;
    if (places) {
      place = places->texts()[i];
      if (place.empty()) throw bad_input("no place is given", row, "name a place in each row, or leave the column out");
      try {
        place = catalog.place(place).code;
      } catch (const Error& e) {
        throw e.at(row);
      }
    }
    if (!out[place].emplace(fuels[i], numbers[i]).second)
      throw bad_input(fmt::format("'{}' stands twice{}", fuels[i], place.empty() ? "" : " for " + place), row,
                      "one row for each fuel is allowed");
  }
  if (out.empty()) throw bad_input("no row has an amount", where, "for example: fuel,generation and hydro,60");
  for (const auto& [place, mix] : out) {
    try {
      physics::checked_total(mix);
    } catch (const Error& e) {
      throw e.at(place.empty() ? where : where + ": " + place);
    }
  }
  return out;
}

}  // namespace wattline::ledger
