#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "ledger/air/air_parts.h"

namespace wattline::ledger {
namespace {

using physics::Pollutant;

constexpr std::size_t most_rows = 100'000;

// Rows of cells by the names of the header, with file:line.
class Rows {
 public:
  Rows(std::string_view where, std::vector<std::string> wanted) : where_(where), wanted_(std::move(wanted)) {}

  template <class Take>
  void read(std::string_view content, Take take) {
    bool first = true;
    std::size_t count = 0;
    for_each_csv_row(content, 0, where_, [&](std::size_t line, const std::vector<std::string_view>& cells) {
      place_ = fmt::format("{}:{}", where_, line);
      if (std::exchange(first, false)) return header(cells);
      if (cells.size() != columns_)
        throw bad_input(fmt::format("{} cells where the header has {} columns", cells.size(), columns_), place_);
      if (++count > most_rows) throw bad_input(fmt::format("more than {} rows", most_rows), place_);
      cells_ = &cells;
      take();
    });
    if (first) throw bad_input("the file is empty; a header line belongs there", std::string(where_));
    if (!count) throw bad_input("no row follows the header", std::string(where_));
  }

  std::string_view text(std::size_t i) const {
    return at_[i] < 0 ? std::string_view() : csv::trimmed((*cells_)[static_cast<std::size_t>(at_[i])]);
  }
  double number(std::size_t i, double missing, double low, double high) const {
    const auto cell = text(i);
    double v = 0;
    if (csv::is_missing(cell)) {
      if (!std::isnan(missing)) return missing;
      throw bad_input(fmt::format("{}: the cell is empty", wanted_[i]), place_);
    }
    if (!csv::take_number(cell, v) || !std::isfinite(v))
      throw bad_input(fmt::format("{}: '{}' is no number", wanted_[i], cell.substr(0, 60)), place_);
    if (v < low || v > high)
      throw bad_input(fmt::format("{}: '{}' found; {:g} to {:g} is allowed", wanted_[i], cell.substr(0, 60), low, high),
                      place_);
    return v;
  }
  Pollutant pollutant(std::size_t i) const {
    const std::string name(text(i));
    const auto& known = physics::pollutant_names();
    const auto it = std::find(known.begin(), known.end(), name);
    if (it == known.end()) throw unknown_name("pollutant", name, known).at(place_);
    return static_cast<Pollutant>(it - known.begin());
  }
  const std::string& place() const { return place_; }

 private:
  void header(const std::vector<std::string_view>& cells) {
    columns_ = cells.size();
    at_.assign(wanted_.size(), -1);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      std::string_view name = cells[i];
      if (i == 0 && name.starts_with("\xEF\xBB\xBF")) name.remove_prefix(3);
      name = csv::trimmed(name);
      const auto it = std::find(wanted_.begin(), wanted_.end(), name);
      if (it != wanted_.end()) at_[static_cast<std::size_t>(it - wanted_.begin())] = static_cast<int>(i);
    }
    // The last is optional in both files.
    for (std::size_t i = 0; i + 1 < wanted_.size(); ++i)
      if (at_[i] < 0)
        throw bad_input(fmt::format("no column '{}'", wanted_[i]), place_,
                        fmt::format("the columns are {}", fmt::join(wanted_, ", ")));
  }

  std::string_view where_;
  std::vector<std::string> wanted_;
  std::vector<int> at_;
  std::size_t columns_ = 0;
  const std::vector<std::string_view>* cells_ = nullptr;
  std::string place_;
};

std::string short_text(std::string_view text) { return std::string(text.substr(0, 80)); }

}  // namespace

std::vector<Activity> read_activities(std::string_view content, std::string_view where) {
  std::vector<Activity> out;
  Rows rows(where, {"part", "what", "amount", "pollutant", "factor_kg", "years"});
  rows.read(content, [&] {
    if (rows.text(0).empty()) throw bad_input("part: the cell is empty", rows.place());
    const double amount = rows.number(2, NAN, 0, 1e15), factor = rows.number(4, NAN, 0, 1e9);
    out.push_back({short_text(rows.text(0)), short_text(rows.text(1)), rows.pollutant(3),
                   amount * factor / 1000 / rows.number(5, 1, 0.01, 1000)});
  });
  return out;
}

std::vector<Mitigation> read_measures(std::string_view content, std::string_view where) {
  std::vector<Mitigation> out;
  Rows rows(where, {"measure", "applies_to", "pollutant", "reduction_percent", "cost_usd"});
  rows.read(content, [&] {
    if (rows.text(0).empty()) throw bad_input("measure: the cell is empty", rows.place());
    const std::string name = short_text(rows.text(0));
    const auto it = std::find_if(out.begin(), out.end(), [&](const auto& m) { return m.name == name; });
    Mitigation& m = it != out.end() ? *it : out.emplace_back();
    m.name = name;
    const double left = 1 - rows.number(3, NAN, 0, 100) / 100;
    const bool all = rows.text(2) == "all";
    if (rows.text(1) == "electricity") {
      if (!all && rows.pollutant(2) != Pollutant::co2)
        throw bad_input("electricity: of its emissions co2 alone is reckoned here", rows.place());
      m.electricity *= left;
    } else if (rows.text(1) == "generators") {
      for (std::size_t p = 0; p < physics::pollutants; ++p)
        if (all || static_cast<std::size_t>(rows.pollutant(2)) == p) m.generators[p] *= left;
    } else {
      throw bad_input(
          fmt::format("applies_to: '{}' found; electricity or generators is allowed", rows.text(1).substr(0, 60)),
          rows.place());
    }
    if (const double cost = rows.number(4, -1, -1, 1e15); cost >= 0) m.cost = m.cost.value_or(0) + cost;
  });
  return out;
}

}  // namespace wattline::ledger
