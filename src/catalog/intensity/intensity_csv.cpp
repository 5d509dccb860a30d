#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "catalog/intensity/intensity_readers.h"
#include "kernel/csv_cell.h"
#include "kernel/csv_scan.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/units.h"

namespace wattline::catalog {
namespace {

constexpr std::size_t most_samples = 20'000'000;

struct Header {
  std::string name, unit;  // "value [gCO2e/kWh]": the piece in the last brackets
};

Header header_of(std::string_view cell) {
  const std::string_view text = csv::trimmed(cell);
  for (const auto& [open, close] : {std::pair{'[', ']'}, std::pair{'(', ')'}}) {
    const auto at = text.rfind(open);
    if (text.empty() || text.back() != close || at == std::string_view::npos) continue;
    return {std::string(csv::trimmed(text.substr(0, at))), std::string(text.substr(at + 1, text.size() - at - 2))};
  }
  return {std::string(text), ""};
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Grams per kilowatt-hour in one of the unit; nothing when it is no unit of an intensity.
std::optional<double> grams_of(std::string_view unit) {
  try {
    const Unit u = parse_unit(unit);
    constexpr Dimension carbon = CarbonIntensity::dimension, mass = decltype(Mass{} / Energy{})::dimension;
    if (u.dimension != carbon && u.dimension != mass) return std::nullopt;
    return u.scale / units::gCO2e_per_kWh.base();  // grams are the base unit of both
  } catch (const Error&) {
    return std::nullopt;
  }
}

class Reader {
 public:
  Reader(std::string_view where, const IntensityCsvOptions& o) : where_(where), o_(o) {}

  void take(std::size_t row, const std::vector<std::string_view>& fields) {
    if (headers_.empty()) return take_header(row, fields);
    if (fields.size() != headers_.size())
      throw bad_input(fmt::format("{} cells; the header has {}", fields.size(), headers_.size()), at(row));
    const std::string_view when = csv::trimmed(fields[time_]), what = csv::trimmed(fields[value_]);
    Time time;
    if (const auto read = try_parse_date_time(when)) time = *read;
    else try {
        time = parse_time(when);
      } catch (const Error& e) {
        throw bad_input(e.message(), at(row, time_), e.hint());
      }
    if (csv::is_missing(what)) {
      ++file.empty;
      return;
    }
    double value = 0;
    if (!csv::take_number(what, value))
      throw bad_input(fmt::format("'{}' is no number", what.substr(0, 60)), at(row, value_),
                      "a decimal point, no separator of thousands, an empty cell where there is no value");
    if (file.samples.size() == most_samples)
      throw bad_input(fmt::format("has more than {} rows", most_samples), at(row));
    file.samples.push_back({time, value * scale_, estimated_at(fields), 0});
    rows.push_back(row);
  }

  IntensityFile file;
  std::vector<std::size_t> rows;

 private:
  std::string at(std::size_t row) const { return fmt::format("{}:{}", where_, row); }
  std::string at(std::size_t row, std::size_t column) const { return fmt::format("{}:{}:{}", where_, row, column + 1); }

  bool estimated_at(const std::vector<std::string_view>& fields) const {
    if (!estimated_) return false;
    const std::string text = lower(csv::trimmed(fields[*estimated_]));
    return text == "true" || text == "1" || text == "yes";
  }

  void take_header(std::size_t row, const std::vector<std::string_view>& fields) {
    for (const auto& f : fields) headers_.push_back(header_of(f));
    if (headers_.size() < 2)
      throw bad_input("has one column; a time and a value are needed", at(row), "time,value [gCO2e/kWh]");
    for (std::size_t i = headers_.size(); i-- > 0;) {
      const std::string name = lower(headers_[i].name);
      for (const char* known : {"time", "date", "datetime", "timestamp", "point_time", "from", "start"})
        if (name == known) time_ = i;
      if (name == "estimated" || name == "isestimated" || name == "data estimated") estimated_ = i;
    }
    value_ = time_ == 0 ? 1 : 0;
    if (!o_.column.empty()) choose(row, fields);
    std::string unit = headers_[value_].unit;
    if (!o_.unit.empty()) {
      // Two units that say the same are no quarrel.
      const auto given = grams_of(o_.unit), own = grams_of(unit);
      if (!given) throw bad_input(fmt::format("'{}' is no unit of a carbon intensity", o_.unit), "unit", "gCO2e/kWh");
      if (own && *own != *given)
        throw bad_input(fmt::format("the header says '{}', --unit says '{}'", unit, o_.unit), at(row, value_));
      unit = o_.unit;
    }
    const auto scale = grams_of(unit);
    if (!scale)
      throw bad_input(unit.empty() ? fmt::format("the column '{}' has no unit", headers_[value_].name)
                                   : fmt::format("'{}' is no unit of a carbon intensity", unit),
                      at(row, value_), "name it in the header, `value [gCO2e/kWh]`, or with --unit gCO2e/kWh");
    scale_ = *scale;
  }

  void choose(std::size_t row, const std::vector<std::string_view>& fields) {
    std::vector<std::string> names;
    for (std::size_t i = 0; i < headers_.size(); ++i) {
      if (headers_[i].name == o_.column || csv::trimmed(fields[i]) == o_.column) {
        if (i == time_) throw bad_input(fmt::format("'{}' is the column of times", o_.column), "column");
        value_ = i;
        return;
      }
      if (i != time_) names.emplace_back(csv::trimmed(fields[i]));
    }
    throw unknown_name("column", o_.column, names).at(at(row));
  }

  std::string_view where_;
  const IntensityCsvOptions& o_;
  std::vector<Header> headers_;
  std::size_t time_ = 0, value_ = 1;
  std::optional<std::size_t> estimated_;
  double scale_ = 1;
};

}  // namespace

IntensityFile read_intensity_csv(std::string_view text, std::string_view where, const IntensityCsvOptions& options) {
  const std::string_view checked = csv::checked_text(text, where);
  Reader reader(where, options);
  for_each_csv_row(checked, 0, where,
                   [&](std::size_t row, const std::vector<std::string_view>& fields) { reader.take(row, fields); });
  reader.file.format = IntensityFormat::csv;
  settle(reader.file, where, reader.rows, "");
  return std::move(reader.file);
}

}  // namespace wattline::catalog
