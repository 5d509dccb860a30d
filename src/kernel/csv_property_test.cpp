// Properties of the CSV reader and writer over generated tables and texts.
#include <bit>
#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernel/csv_cell.h"
#include "kernel/csv_scan.h"
#include "kernel/error.h"
#include "kernel/table.h"

namespace wattline {
namespace {

// The same cases in every run; RC_PARAMS in the environment overrides.
[[maybe_unused]] const int seeded = setenv("RC_PARAMS", "seed=20261124", 0);

rc::Gen<std::string> some_text() {
  return rc::gen::container<std::string>(
      rc::gen::element('a', 'Z', '7', ',', ';', '\t', '"', '\n', '\r', ' ', '.', '-', '|'));
}

std::string quoted(const std::string& s) {
  std::string out = "\"";
  for (char c : s) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

RC_GTEST_PROP(CsvProperty, TextsComeBack, ()) {
  const auto columns = *rc::gen::inRange<std::size_t>(1, 6);
  const auto rows = *rc::gen::inRange<std::size_t>(0, 12);
  Table t;
  for (std::size_t c = 0; c < columns; ++c) t.text("c" + std::to_string(c));
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<Table::Cell> cells;
    for (std::size_t c = 0; c < columns; ++c) cells.emplace_back(*some_text());
    t.add_row(std::move(cells));
  }
  CsvOptions as_text;
  as_text.infer = false;
  const Table back = read_csv(to_csv(t), "x", as_text);
  RC_ASSERT(back.columns().size() == columns);
  RC_ASSERT(back.rows() == rows);
  for (std::size_t c = 0; c < columns; ++c) RC_ASSERT(back.columns()[c].cells == t.columns()[c].cells);
}

RC_GTEST_PROP(CsvProperty, TypedCellsComeBack, ()) {
  const auto rows = *rc::gen::inRange<std::size_t>(1, 30);
  Table t;
  t.number("x", "W").integer("i").time("t").flag("f");
  // The first row fixes the kinds.
  t.add_row({0.5, std::int64_t{1}, Time{0}, true});
  for (std::size_t r = 0; r < rows; ++r) {
    std::vector<Table::Cell> row(4);
    if (*rc::gen::arbitrary<bool>()) {
      double x = std::bit_cast<double>(*rc::gen::arbitrary<std::uint64_t>());
      if (!std::isfinite(x)) x = -HUGE_VAL;
      row[0] = x;
    }
    if (*rc::gen::arbitrary<bool>()) row[1] = std::max(*rc::gen::arbitrary<std::int64_t>(), missing_integer + 1);
    if (*rc::gen::arbitrary<bool>()) row[2] = Time{*rc::gen::arbitrary<std::int64_t>() / 2};
    if (*rc::gen::arbitrary<bool>()) row[3] = *rc::gen::arbitrary<bool>();
    t.add_row(std::move(row));
  }
  const Table back = read_csv(to_csv(t));
  RC_ASSERT(back.rows() == t.rows());
  for (std::size_t r = 0; r < t.rows(); ++r) {
    const double a = t.columns()[0].numbers()[r], b = back.columns()[0].numbers()[r];
    RC_ASSERT((std::isnan(a) && std::isnan(b)) || std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b));
  }
  for (std::size_t c = 1; c < 4; ++c) {
    RC_ASSERT(back.columns()[c].kind == t.columns()[c].kind);
    RC_ASSERT(back.columns()[c].integers() == t.columns()[c].integers());
  }
}

// Against the slow, clear reader: one character at a time.
std::vector<std::vector<std::string>> read_plainly(const std::string& text) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::string> row;
  std::string field;
  bool inside = false, any = false;
  const auto end_row = [&] {
    if (any || !field.empty() || !row.empty()) {
      row.push_back(field);
      rows.push_back(row);
    }
    row.clear();
    field.clear();
    any = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (inside) {
      if (c == '"' && i + 1 < text.size() && text[i + 1] == '"') field += text[++i];
      else if (c == '"') inside = false;
      else field += c;
    } else if (c == '"' && field.empty()) {
      inside = any = true;
    } else if (c == ',') {
      row.push_back(field);
      field.clear();
    } else if (c == '\n') {
      end_row();
    } else {
      field += c;
    }
  }
  end_row();
  return rows;
}

RC_GTEST_PROP(CsvProperty, RowsAreThoseOfAPlainReader, ()) {
  std::string text;
  for (auto n = *rc::gen::inRange(0, 60); n > 0; --n) {
    // Short and long fields, so that rows end on every side of the reader's blocks.
    const auto field = *rc::gen::oneOf(some_text(), rc::gen::map(rc::gen::inRange<std::size_t>(0, 150),
                                                                 [](std::size_t k) { return std::string(k, 'x'); }));
    text += field.find_first_of(",\"\n\r") == std::string::npos ? field : quoted(field);
    text += *rc::gen::element(",", ",", "\n");
  }
  std::vector<std::vector<std::string>> rows;
  for_each_csv_row(text, ',', "x", [&](std::size_t, const std::vector<std::string_view>& fields) {
    rows.emplace_back(fields.begin(), fields.end());
  });
  RC_ASSERT(rows == read_plainly(text));
}

RC_GTEST_PROP(CsvProperty, NumbersAreTheNearestDoubles, ()) {
  const auto whole = *rc::gen::inRange<std::uint64_t>(0, std::uint64_t{1} << *rc::gen::inRange(0, 60));
  std::string text = (*rc::gen::arbitrary<bool>() ? "-" : "") + std::to_string(whole);
  if (*rc::gen::arbitrary<bool>()) {
    text += ".";
    for (auto n = *rc::gen::inRange(0, 20); n > 0; --n) text += *rc::gen::inRange('0', static_cast<char>('9' + 1));
  }
  if (*rc::gen::inRange(0, 4) == 0) text += "e" + std::to_string(*rc::gen::inRange(-340, 300));
  const auto ours = csv::read_number(text);
  const double theirs = std::strtod(text.c_str(), nullptr);
  RC_ASSERT(ours.has_value() == std::isfinite(theirs));
  if (ours) RC_ASSERT(std::bit_cast<std::uint64_t>(*ours) == std::bit_cast<std::uint64_t>(theirs));
}

}  // namespace
}  // namespace wattline
