// What the four lists of the catalog share: the filter, and one row explained whole.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/capability.h"
#include "kernel/table.h"

namespace wattline::catalog {

Capability devices_capability();
Capability models_capability();
Capability places_capability();
Capability factors_capability();

// Whether `piece` is part of the name or of one alias, case and punctuation ignored; "" is.
bool matches(std::string_view piece, std::string_view name, const std::vector<std::string>& aliases);

// The error of a filter that left nothing.
[[noreturn]] void nothing_left(std::string_view what, std::string_view piece);

// One row explained: its figures, then where they come from.
class Explained {
 public:
  Explained();
  Explained& figure(std::string name, double value, std::string unit, std::optional<Interval> interval = {});
  Explained& figure(std::string name, std::optional<double> value, std::string unit) {
    return value ? figure(std::move(name), *value, std::move(unit), std::optional<Interval>()) : *this;
  }
  Explained& count(std::string name, int value);  // left out when 0
  Explained& about(std::string_view name, std::string_view text);  // left out when empty
  Explained& names(const std::vector<std::string>& aliases);
  Explained& origin(const Origin&, std::string prefix = {});
  void add_to(Result&) &&;

 private:
  Table figures_;
  std::string about_;  // lines of a note: tables cut long texts
};

}  // namespace wattline::catalog
