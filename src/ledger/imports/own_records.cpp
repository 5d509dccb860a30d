// What this program exports, read back: run.records.v1 as CSV (`ledger export --csv`) and as JSON (`--json`), and the
// rows in their canonical form (`ledger export --as json`), which alone hold every cause of uncertainty.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/utf8.h"
#include "ledger/imports/reading.h"
#include "ledger/row.h"

namespace wattline::ledger::imports {
namespace {

// The estimate whose interval (estimate.h) is this one. Error: the value is not where it would be.
Estimate<Energy> from_interval(double value, double low, double high, Method method) {
  constexpr const char* source = "run record";
  constexpr double z = 1.959963984540054;
  if (!(low <= value && value <= high))
    throw bad_input(fmt::format("an energy of {} J that is not within its interval {} .. {}", value, low, high));
  double sd = (high - low) / (2 * z);
  if (low > 0) {
    // ln(value / low) = sigma^2 / 2 + z * sigma; a wider upper side is taken at its word.
    const double below = std::sqrt(z * z + 2 * std::log(value / low)) - z, both = std::log(high / low) / (2 * z);
    const double sigma = both > below * (1 + 1e-6) ? both : below;
    sd = value * std::sqrt(std::expm1(sigma * sigma));
  }
  return Estimate<Energy>(RawEstimate(value, sd, method, source));
}

// "name=value;name=value" with \; \= \\.
std::vector<std::pair<std::string, std::string>> read_labels(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  std::string name, value;
  bool in_value = false;
  const auto end = [&] {
    if (!in_value) throw bad_input(fmt::format("'{}' is no name=value", shown_text(name)));
    out.emplace_back(std::move(name), std::move(value));
    name.clear();
    value.clear();
    in_value = false;
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == ';') {
      end();
      continue;
    }
    if (c == '=' && !in_value) {
      in_value = true;
      continue;
    }
    if (c == '\\' && i + 1 < text.size()) c = text[++i];
    (in_value ? value : name) += c;
  }
  if (!text.empty()) end();
  return out;
}

class RunRecords : public RowFormat {
 public:
  RunRecords(Sheet& s, Reading& reading)
      : reading_(reading),
        labels_(s, reading),
        run_(s.require("run.records.v1", {"run"})),
        kind_(s.require("run.records.v1", {"kind"})),
        begin_(s.require("run.records.v1", {"begin"})),
        end_(s.require("run.records.v1", {"end"})),
        energy_(s.require("run.records.v1", {"energy [J]"})),
        low_(s.find({"energy_low [J]"})),
        high_(s.find({"energy_high [J]"})),
        method_(s.require("run.records.v1", {"method"})),
        in_(s.find({"tokens_in"})),
        out_(s.find({"tokens_out"})),
        model_(s.find({"model"})),
        device_(s.find({"device"})),
        place_(s.find({"place"})),
        names_(s.find({"labels"})) {}

  bool keeps_uids() const override { return true; }

  std::optional<Fact> fact(Sheet& s) override {
    Fact f;
    f.uid = s.text(run_);
    f.kind = s.text(kind_);
    if (f.kind.empty()) s.fail(kind_, "the cell is empty; run, answer, job ... belongs there");
    f.begin = s.required_time(begin_);
    f.end = s.required_time(end_);
    if (f.end < f.begin) s.fail(end_, fmt::format("ends before it begins ({})", s.text(begin_)));
    const double joules = s.required_amount(energy_, "an energy in J");
    const double low = s.number(low_).value_or(joules), high = s.number(high_).value_or(joules);
    try {
      f.energy = from_interval(joules, low, high, parse_method(s.text(method_)));
      f.labels = read_labels(s.text(names_));
    } catch (const Error& e) {
      s.fail(energy_, e.message(), e.hint());
    }
    f.tokens_in = tokens(s, in_);
    f.tokens_out = tokens(s, out_);
    f.model = s.text(model_);
    f.device = s.text(device_);
    f.place = s.text(place_).empty() ? reading_.options.place : std::string(s.text(place_));
    labels_.add(s, f);
    return f;
  }

 private:
  static std::int64_t tokens(Sheet& s, int column) {
    const double n = s.amount(column, "a number of tokens").value_or(0);
    if (n != std::floor(n) || n > 1e15) s.fail(column, fmt::format("{} is no number of tokens", n));
    return static_cast<std::int64_t>(n);
  }

  Reading& reading_;
  LabelColumns labels_;
  int run_, kind_, begin_, end_, energy_, low_, high_, method_, in_, out_, model_, device_, place_, names_;
};

// A row of the table in a result's JSON.
Fact fact_of(const std::vector<std::string>& names, const Json::Array& row) {
  if (row.size() != names.size())
    throw bad_input(fmt::format("a row of {} cells where the table has {} columns", row.size(), names.size()));
  const auto cell = [&](std::string_view name) -> const Json* {
    const auto it = std::find(names.begin(), names.end(), name);
    return it == names.end() || row[static_cast<std::size_t>(it - names.begin())].is_null()
               ? nullptr
               : &row[static_cast<std::size_t>(it - names.begin())];
  };
  const auto needed = [&](std::string_view name) -> const Json& {
    if (const auto* c = cell(name)) return *c;
    throw bad_input(fmt::format("no {}", name));
  };
  const auto text = [&](std::string_view name) { return cell(name) ? cell(name)->as_string() : std::string(); };
  Fact f;
  f.uid = text("run");
  f.kind = needed("kind").as_string();
  f.begin = parse_time(needed("begin").as_string());
  f.end = parse_time(needed("end").as_string());
  const double joules = needed("energy").as_number();
  const auto or_energy = [&](std::string_view name) { return cell(name) ? cell(name)->as_number() : joules; };
  f.energy = from_interval(joules, or_energy("energy_low"), or_energy("energy_high"),
                           parse_method(needed("method").as_string()));
  f.tokens_in = cell("tokens_in") ? cell("tokens_in")->as_integer() : 0;
  f.tokens_out = cell("tokens_out") ? cell("tokens_out")->as_integer() : 0;
  f.model = text("model");
  f.device = text("device");
  f.place = text("place");
  f.labels = read_labels(text("labels"));
  return f;
}

bool read_table(const Json& table, const std::string& where, const TakeItem& take) {
  if (table.text_or("schema", "") != "run.records.v1") return false;
  std::vector<std::string> names;
  for (const auto& column : table.at("columns").as_array()) {
    names.push_back(column.at("name").as_string());
    if (names.back() == "energy" && column.text_or("unit", "J") != "J")
      throw bad_input(fmt::format("energies in '{}'; J is read", column.text_or("unit", "")), where);
  }
  std::size_t number = 0;
  for (const auto& row : table.at("rows").as_array()) {
    ++number;
    try {
      take({fact_of(names, row.as_array()), {}, row.dump(), {}});
    } catch (const Error& e) {
      throw e.at(fmt::format("{} (row {})", where, number));
    }
  }
  return true;
}

void read_own(const Json& json, const std::string& where, const TakeItem& take) {
  if (json.find("v") && json.find("energy")) {
    Row row;
    try {
      row = parse_row(json);
    } catch (const Error& e) {
      throw e.at(where);
    }
    take({std::move(row.fact), {}, {}, std::move(row.factor_set)});
    return;
  }
  if (read_table(json, where, take)) return;
  if (const auto* blocks = json.find("blocks"); blocks && blocks->is_array()) {
    bool any = false;
    for (const auto& block : blocks->as_array()) {
      any |= read_table(block, where, take);
      if (const auto* table = block.find("table")) any |= read_table(*table, where, take);
    }
    if (any) return;
  }
  throw bad_input("no table run.records.v1 and no row of an account", where,
                  "what `wattline ledger export` writes with --as json, --json or --csv");
}

}  // namespace

std::unique_ptr<RowFormat> run_records_format(Sheet& sheet, Reading& reading) {
  return std::make_unique<RunRecords>(sheet, reading);
}

DocumentFormat own_json_format(Reading&) { return read_own; }

}  // namespace wattline::ledger::imports
