#include "policy/select/experience.h"

#include <cmath>

#include <fmt/format.h>

namespace wattline::policy {

void Tally::read(const Json& row, std::string_view key) {
  const double value = row.at(key).as_number();
  if (!(value >= 0) || !std::isfinite(value))
    throw bad_input(fmt::format("{} is no count; 0 or more is allowed", value), std::string(key));
  set(value);
}

}  // namespace wattline::policy
