#include "study/grouped.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::study {
namespace {

constexpr std::size_t most_groups = 100;

// One value, where it stands and what it belongs to.
struct Row {
  std::size_t group = 0, row = 0;
  double value = 0;
  std::string pair, replicate, seed;
};

struct Reader {
  const Table& table;
  const Selection& selection;
  std::string where;
  Grouped out;
  std::vector<Row> rows;

  bool numeric(const Column& c) const {
    return c.kind == ColumnKind::number || c.kind == ColumnKind::integer || c.kind == ColumnKind::flag;
  }
  std::size_t index_of(const Column& c) const { return static_cast<std::size_t>(&c - table.columns().data()); }
  std::string place(std::size_t row, const Column& c) const {
    return fmt::format("{}:{}:{}", where, row + 2, index_of(c) + 1);
  }
  std::string text(const Column* c, std::size_t row) const {
    return c ? table.cell_text(row, index_of(*c), 15) : std::string();
  }
  std::string names(bool numbers_only) const {
    std::string all;
    for (const auto& c : table.columns())
      if (!numbers_only || numeric(c)) all += (all.empty() ? "" : ", ") + c.name;
    return all.empty() ? "none" : all;
  }

  // The column's values; NaN where missing.
  std::vector<double> values_of(const Column& c) const {
    if (c.kind == ColumnKind::text)
      for (std::size_t row = 0; row < c.size(); ++row) {
        const std::string_view cell = csv::trimmed(c.texts()[row]);
        if (!csv::is_missing(cell) && !csv::read_number(cell))
          throw bad_input(fmt::format("'{}' in column '{}' is not a number", shown_text(cell), c.name), place(row, c),
                          "leave the cell empty where a value is missing, or name another column with --value");
      }
    if (!numeric(c))
      throw bad_input(fmt::format("column '{}' holds no numbers", c.name), where,
                      fmt::format("columns of numbers: {}", names(true)));
    std::vector<double> v = c.to_numbers();
    for (std::size_t row = 0; row < v.size(); ++row)
      if (std::isinf(v[row]))
        throw bad_input(fmt::format("column '{}' holds an infinite value", c.name), place(row, c),
                        "leave the cell empty where a value is missing");
    return v;
  }

  const Column* optional(const std::string& name) const { return name.empty() ? nullptr : &table.column(name); }
  const Column* seed_column() const {
    const Column* c = table.find("seed");
    return c ? c : table.find("Seed");
  }

  std::size_t group_index(std::map<std::string, std::size_t>& known, const std::string& name) {
    const auto [it, fresh] = known.try_emplace(name, out.groups.size());
    if (fresh) {
      if (out.groups.size() == most_groups)
        throw bad_input(fmt::format("column '{}' makes more than {} groups", out.group_name, most_groups), where,
                        "name a column that tells kinds apart, not single rows, with --group; or choose with --groups");
      out.groups.push_back({name, {}});
      out.left_out.push_back(0);
    }
    return it->second;
  }
};

// "project=thesis;user=ann", with '\' before ';', '=' and '\' in names and values: the value of `key`.
std::string label_value(std::string_view text, std::string_view key) {
  std::string name, value;
  bool in_value = false;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i == text.size() || text[i] == ';') {
      if (in_value && name == key) return value;
      name.clear();
      value.clear();
      in_value = false;
    } else if (text[i] == '=' && !in_value) {
      in_value = true;
    } else {
      if (text[i] == '\\' && i + 1 < text.size()) ++i;
      (in_value ? value : name) += text[i];
    }
  }
  return {};
}

// What the user did not say, where only one thing can be meant.
struct Columns {
  const Column *value = nullptr, *group = nullptr;  // none: wide
  std::string label;  // of the column `labels`
};
Columns chosen(const Reader& r) {
  const Selection& s = r.selection;
  Columns c;
  if (!s.value.empty()) c.value = &r.table.column(s.value);
  if (s.group.starts_with("label:") && !r.table.find(s.group)) {
    c.group = &r.table.column("labels");
    c.label = s.group.substr(6);
  } else if (!s.group.empty()) {
    c.group = &r.table.column(s.group);
  }
  if (c.value && c.group) return c;
  std::vector<const Column*> texts, numbers;
  for (const auto& column : r.table.columns()) {
    const std::string& name = column.name;
    if (name == s.replicate || name == s.pair || &column == c.value || &column == c.group) continue;
    if (column.kind == ColumnKind::text) texts.push_back(&column);
    else if (r.numeric(column)) numbers.push_back(&column);
  }
  if (c.value) {
    if (texts.size() == 1) c.group = texts[0];
  } else if (c.group) {
    if (numbers.size() == 1) c.value = numbers[0];
  } else if (s.groups.empty() && texts.size() == 1 && numbers.size() == 1) {
    c.group = texts[0];
    c.value = numbers[0];
  } else {
    return c;  // one column a group
  }
  if (!c.value || !c.group)
    throw bad_input(
        fmt::format("which column tells the {}? There are: {}", c.value ? "groups" : "values", r.names(!c.value)),
        r.where, c.value ? "name it with --group" : "name it with --value");
  return c;
}

void read_long(Reader& r, const Columns& c) {
  r.out.value_name = c.value->name;
  r.out.unit = c.value->unit.empty() ? unit_of_name(c.value->name) : c.value->unit;
  r.out.group_name = c.label.empty() ? c.group->name : c.label;
  const std::vector<double> values = r.values_of(*c.value);
  const Column *pair = r.optional(r.selection.pair), *replicate = r.optional(r.selection.replicate),
               *seed = r.seed_column();
  const Column* method = r.table.find("method");
  std::map<std::string, std::size_t> known;
  for (const auto& name : r.selection.groups) r.group_index(known, name);
  std::size_t nameless = 0, modelled = 0;
  for (std::size_t row = 0; row < values.size(); ++row) {
    std::string name = c.label.empty() ? r.text(c.group, row) : label_value(r.text(c.group, row), c.label);
    if (csv::is_missing(csv::trimmed(name)) || name == "-") {
      ++nameless;
      continue;
    }
    if (!r.selection.groups.empty() && !known.contains(name)) continue;
    const std::size_t group = r.group_index(known, name);
    if (std::isnan(values[row])) {
      ++r.out.left_out[group];
      continue;
    }
    if (method && method->kind == ColumnKind::text && method->texts()[row] == "modelled") ++modelled;
    r.rows.push_back(
        {group, row, values[row], r.text(pair, row), r.text(replicate, row), seed == c.group ? "" : r.text(seed, row)});
  }
  if (nameless > 0)
    r.out.warnings.push_back(fmt::format("{} row{} without a group left out", nameless, nameless == 1 ? "" : "s"));
  if (modelled > 0)
    r.out.warnings.push_back(fmt::format("{} of {} values are modelled, not measured: a difference may be the model's",
                                         modelled, r.rows.size()));
  r.out.reading = fmt::format("column '{}' by '{}', {} rows", c.value->name, r.out.group_name, values.size());
}

void read_wide(Reader& r) {
  const Selection& s = r.selection;
  if (!s.replicate.empty() && s.pair.empty())
    throw bad_input("--replicate needs one column of values and one of groups", r.where,
                    "name them with --value and --group");
  std::vector<const Column*> columns;
  if (!s.groups.empty()) {
    for (const auto& name : s.groups) columns.push_back(&r.table.column(name));
  } else {
    for (const auto& c : r.table.columns())
      if (r.numeric(c) && c.name != s.pair) columns.push_back(&c);
    if (columns.size() < 2)
      throw bad_input(fmt::format("two or more groups are needed; the columns are: {}", r.names(false)), r.where,
                      "name the column of values with --value and that of groups with --group");
  }
  std::map<std::string, std::size_t> known;
  r.out.group_name = "column";
  const Column* pair = r.optional(s.pair);
  for (const Column* c : columns) {
    const std::string unit = c->unit.empty() ? unit_of_name(c->name) : c->unit;
    if (c == columns.front()) r.out.unit = unit;
    if (unit != r.out.unit)
      throw bad_input(
          fmt::format("column '{}' is in [{}], column '{}' in [{}]", columns.front()->name, r.out.unit, c->name, unit),
          r.where, "choose columns of one unit with --groups, or name --value and --group");
    const std::size_t group = r.group_index(known, c->name);
    const std::vector<double> values = r.values_of(*c);
    for (std::size_t row = 0; row < values.size(); ++row) {
      if (std::isnan(values[row])) ++r.out.left_out[group];
      else
        r.rows.push_back({group, row, values[row], pair ? r.text(pair, row) : fmt::format("row {}", row + 2), "", ""});
    }
  }
  r.out.reading = fmt::format("{} columns, {} rows", columns.size(), r.table.rows());
}

// Rows that are parts of one run become one value: what was repeated is the run.
void average_replicates(Reader& r) {
  std::map<std::tuple<std::size_t, std::string, std::string>, std::pair<double, std::size_t>> sums;
  std::vector<Row> kept;
  for (const Row& row : r.rows) {
    auto& [sum, count] = sums[{row.group, row.pair, row.replicate}];
    if (count == 0) kept.push_back(row);
    sum += row.value;
    ++count;
  }
  if (kept.size() == r.rows.size()) return;
  for (Row& row : kept) {
    const auto& [sum, count] = sums[{row.group, row.pair, row.replicate}];
    row.value = sum / static_cast<double>(count);
  }
  r.out.warnings.push_back(fmt::format("{} rows are parts of {} runs (column '{}'): the means of the runs are compared",
                                       r.rows.size(), kept.size(), r.selection.replicate));
  r.rows = std::move(kept);
}

void warn_of_repeated_seeds(Reader& r) {
  std::map<std::size_t, std::set<std::string>> seen;
  std::set<std::size_t> repeated;
  for (const Row& row : r.rows)
    if (!row.seed.empty() && !seen[row.group].insert(row.seed).second) repeated.insert(row.group);
  if (repeated.empty()) return;
  std::string names;
  for (const std::size_t g : repeated) names += (names.empty() ? "'" : ", '") + r.out.groups[g].name + "'";
  r.out.warnings.push_back(
      "the same seed stands more than once in " + names +
      ": such runs may be copies of each other, not repetitions (tell them apart with --replicate or --group)");
}

// Values in the order of pairs that every group has.
void make_pairs(Reader& r) {
  const bool by_column = !r.selection.pair.empty();
  std::vector<std::map<std::string, double>> by_key(r.out.groups.size());
  std::vector<std::string> order;
  std::set<std::string> seen;
  std::vector<std::size_t> count(r.out.groups.size(), 0);
  const bool long_form = !r.rows.empty() && r.rows.front().pair.empty();
  for (const Row& row : r.rows) {
    const std::string key = long_form && !by_column ? fmt::format("{}", ++count[row.group]) : row.pair;
    if (by_column && csv::is_missing(key)) continue;
    if (!by_key[row.group].try_emplace(key, row.value).second)
      throw bad_input(fmt::format("pair '{}' has two values in group '{}'", key, r.out.groups[row.group].name), r.where,
                      "a pair has one value in each group; average repetitions with --replicate");
    if (seen.insert(key).second) order.push_back(key);
  }
  if (long_form && !by_column && std::adjacent_find(count.begin(), count.end(), std::not_equal_to<>()) != count.end())
    throw bad_input(fmt::format("groups '{}' and '{}' have {} and {} values: they cannot be paired by order",
                                r.out.groups[0].name, r.out.groups[1].name, count[0], count[1]),
                    r.where, "name the column that tells the pairs with --pair");
  std::size_t dropped = 0;
  for (auto& g : r.out.groups) g.values.clear();
  for (const auto& key : order) {
    if (std::any_of(by_key.begin(), by_key.end(), [&](const auto& k) { return !k.contains(key); })) {
      ++dropped;
      continue;
    }
    for (std::size_t g = 0; g < by_key.size(); ++g) r.out.groups[g].values.push_back(by_key[g].at(key));
  }
  if (dropped > 0)
    r.out.warnings.push_back(
        fmt::format("{} pair{} left out that not every group has", dropped, dropped == 1 ? " is" : "s are"));
  if (r.out.groups[0].values.empty())
    throw bad_input("no pair has a value in every group", r.where, "check the column given with --pair");
}

void put_reference_first(Reader& r) {
  auto& groups = r.out.groups;
  if (r.selection.reference.empty()) return;
  const auto it =
      std::find_if(groups.begin(), groups.end(), [&](const Group& g) { return g.name == r.selection.reference; });
  if (it == groups.end()) {
    std::vector<std::string> names;
    for (const auto& g : groups) names.push_back(g.name);
    throw unknown_name("group", r.selection.reference, names).at("reference");
  }
  const auto at = it - groups.begin();
  std::rotate(groups.begin(), it, it + 1);
  std::rotate(r.out.left_out.begin(), r.out.left_out.begin() + at, r.out.left_out.begin() + at + 1);
}

void check_groups(Reader& r, const std::function<std::vector<std::string>()>& names_in_file) {
  auto& groups = r.out.groups;
  for (std::size_t g = groups.size(); g-- > 0;) {
    if (!groups[g].values.empty()) continue;
    if (std::find(r.selection.groups.begin(), r.selection.groups.end(), groups[g].name) != r.selection.groups.end()) {
      if (r.out.left_out[g] == 0) throw unknown_name("group", groups[g].name, names_in_file()).at("groups");
      throw bad_input(fmt::format("group '{}' has no values", groups[g].name), r.where);
    }
    r.out.warnings.push_back(fmt::format("group '{}' has no values and is left out", groups[g].name));
    for (Row& row : r.rows) row.group -= row.group > g;
    groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(g));
    r.out.left_out.erase(r.out.left_out.begin() + static_cast<std::ptrdiff_t>(g));
  }
  if (groups.size() < 2)
    throw bad_input(groups.empty() ? std::string("there are no values to compare")
                                   : fmt::format("two or more groups are needed; column '{}' holds only '{}'",
                                                 r.out.group_name, groups[0].name),
                    r.where, "name the column that tells the groups apart with --group");
}

}  // namespace

std::string unit_of_name(std::string_view name) {
  static constexpr std::pair<std::string_view, std::string_view> endings[] = {
      {"_j", "J"},   {"_kj", "kJ"},       {"_wh", "Wh"},         {"_kwh", "kWh"}, {"_w", "W"},
      {"_kw", "kW"}, {"_s", "s"},         {"_ms", "ms"},         {"_us", "us"},   {"_min", "min"},
      {"_h", "h"},   {"_gco2e", "gCO2e"}, {"_kgco2e", "kgCO2e"}, {"_usd", "USD"}};
  std::string lower(name);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  for (const auto& [ending, unit] : endings)
    if (lower.size() > ending.size() && lower.ends_with(ending)) return std::string(unit);
  return {};
}

Grouped grouped(const Table& table, const Selection& selection, std::string_view where) {
  Reader r{table, selection, std::string(where), {}, {}};
  if (table.rows() == 0) throw bad_input("there are no rows below the header", r.where);
  const Columns c = chosen(r);
  if (c.value) read_long(r, c);
  else read_wide(r);
  if (!selection.replicate.empty()) average_replicates(r);
  else warn_of_repeated_seeds(r);
  for (const Row& row : r.rows) r.out.groups[row.group].values.push_back(row.value);
  check_groups(r, [&] {
    std::set<std::string> names;
    for (std::size_t row = 0; c.group && row < table.rows(); ++row)
      names.insert(c.label.empty() ? r.text(c.group, row) : label_value(r.text(c.group, row), c.label));
    return std::vector<std::string>(names.begin(), names.end());
  });
  r.out.pairs = selection.pairs || !selection.pair.empty();
  if (r.out.pairs) {
    if (r.out.groups.size() != 2)
      throw bad_input(fmt::format("pairs are of two groups, here are {}", r.out.groups.size()), r.where,
                      "choose two with --groups");
    make_pairs(r);
  }
  put_reference_first(r);
  return std::move(r.out);
}

}  // namespace wattline::study
