// A series as a table, from a table, and as JSON.
#include "kernel/series.h"

#include <algorithm>
#include <array>

#include "kernel/error.h"

namespace wattline {

Table to_table(const Series& s) {
  Table t("series.v1");
  t.title = s.name;
  t.time("time").number(s.name.empty() || s.name == "time" ? "value" : s.name, s.unit);
  std::vector<std::int64_t> times(s.size());
  std::transform(s.times.begin(), s.times.end(), times.begin(), [](Time at) { return at.ns; });
  t.columns()[0].cells = std::move(times);
  t.columns()[1].cells = s.values;
  return t;
}

namespace {

constexpr std::array<std::string_view, 6> unix_names{"time", "timestamp", "epoch", "unix_time", "time_s", "t"};

std::string names_of(const Table& t) {
  std::string names;
  for (const auto& c : t.columns()) names += (names.empty() ? "" : ", ") + c.name;
  return names.empty() ? "no columns" : names;
}

bool is_numeric(const Column& c) { return c.kind == ColumnKind::number || c.kind == ColumnKind::integer; }

double number_at(const Column& c, std::size_t row) {
  if (c.kind == ColumnKind::number) return c.numbers()[row];
  const std::int64_t v = c.integers()[row];
  return v == missing_integer ? std::nan("") : static_cast<double>(v);
}

// A column of times, or one of numbers whose name says that they are Unix seconds.
const Column& time_column(const Table& t) {
  for (const auto& c : t.columns())
    if (c.kind == ColumnKind::time) return c;
  for (const auto& c : t.columns())
    if (is_numeric(c) && (c.unit.empty() || c.unit == "s") &&
        std::find(unix_names.begin(), unix_names.end(), c.name) != unix_names.end())
      return c;
  throw bad_input("the table has no column of times (columns: " + names_of(t) + ")", t.title,
                  "give a column 'time' of ISO 8601 times or Unix seconds");
}

}  // namespace

Series to_series(const Table& t, std::string_view value_column) {
  const Column& when = time_column(t);
  const Column* value = nullptr;
  if (value_column.empty()) {
    for (const auto& c : t.columns())
      if (!value && &c != &when && is_numeric(c)) value = &c;
    if (!value)
      throw bad_input("the table has no column of numbers beside its times (columns: " + names_of(t) + ")", t.title);
  } else {
    value = &t.column(value_column);
    if (!is_numeric(*value))
      throw bad_input("column '" + value->name + "' does not hold numbers", t.title, "name a column of numbers");
  }
  Series s;
  s.name = value->name;
  s.unit = value->unit;
  s.times.reserve(t.rows());
  s.values.reserve(t.rows());
  for (std::size_t row = 0; row < t.rows(); ++row) {
    if (when.kind == ColumnKind::time) {
      const std::int64_t ns = when.integers()[row];
      if (ns != missing_integer) s.add(Time{ns}, number_at(*value, row));
      continue;
    }
    const double unix_seconds = number_at(when, row);
    if (std::abs(unix_seconds) < 9.2e9)
      s.add(Time{static_cast<std::int64_t>(std::llround(unix_seconds * 1e9))}, number_at(*value, row));
  }
  return s;
}

void write_json(JsonWriter& w, const Series& s) {
  // As few digits of a second as tell all times exactly.
  int digits = 0;
  for (const Time at : s.times) {
    if (digits < 9 && at.ns % 1'000 != 0) digits = 9;
    else if (digits < 6 && at.ns % 1'000'000 != 0) digits = 6;
    else if (digits < 3 && at.ns % 1'000'000'000 != 0) digits = 3;
  }
  w.begin_object().member("name", s.name).member("unit", s.unit).key("times").begin_array();
  for (const Time at : s.times) w.value(to_string(at, digits));
  w.end_array().key("values").begin_array();
  for (const double v : s.values) w.value(v);
  w.end_array().end_object();
}

}  // namespace wattline
