#include <cmath>

#include <fmt/format.h>

#include "catalog/intensity/intensity_store.h"
#include "kernel/csv_cell.h"
#include "kernel/csv_scan.h"
#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/table.h"

namespace wattline::catalog {
namespace {

constexpr std::string_view schema = "wattline.intensity.v1";
constexpr std::string_view columns = "time,value [gCO2e/kWh],estimated,import";

template <class E>
E one_of(const Json& json, std::string_view member, std::initializer_list<E> all) {
  const std::string& text = json.at(member).as_string();
  std::string names;
  for (const E e : all) {
    if (text == to_string(e)) return e;
    names += fmt::format("{}{}", names.empty() ? "" : " or ", to_string(e));
  }
  throw bad_input(fmt::format("'{}' found; {} is allowed", text.substr(0, 60), names), std::string(member));
}

IntensitySeries head_of(std::string_view line, std::string_view where) {
  const Json json = parse_json(line, where);
  if (json.text_or("schema", "") != schema)
    throw bad_input(fmt::format("'{}' is not the schema {}", json.text_or("schema", "").substr(0, 60), schema));
  IntensitySeries out;
  out.name.place = json.at("place").as_string();
  if (out.name.place.empty()) throw bad_input("the place is empty", "place");
  out.name.kind = one_of(json, "kind", {IntensityKind::average, IntensityKind::marginal});
  out.name.basis = one_of(json, "basis", {IntensityBasis::location, IntensityBasis::market});
  out.emissions = json.text_or("emissions", "");
  for (const Json& i : json.at("imports").as_array()) {
    IntensityImport import;
    import.file = i.text_or("file", "");
    import.source = i.text_or("source", "");
    import.licence = i.text_or("licence", "");
    import.zone = i.text_or("zone", "");
    import.model = i.text_or("model", "");
    import.fetched = parse_time(i.at("fetched").as_string());
    const double step = i.at("step_s").as_number();
    if (!(step >= 1e-3 && step <= 400 * 86400.0))
      throw bad_input(fmt::format("{:.6g} s; 0.001 to 400 days is allowed", step), "step_s");
    import.step_ns = std::llround(step * 1e9);
    out.imports.push_back(std::move(import));
  }
  return out;
}

}  // namespace

std::string to_text(const IntensitySeries& s) {
  JsonWriter w;
  w.begin_object().member("schema", schema).member("place", s.name.place);
  w.member("kind", to_string(s.name.kind)).member("basis", to_string(s.name.basis)).member("emissions", s.emissions);
  w.key("imports").begin_array();
  for (const auto& i : s.imports) {
    w.begin_object().member("file", i.file).member("source", i.source).member("licence", i.licence);
    w.member("zone", i.zone).member("model", i.model);
    w.member("fetched", to_string(i.fetched, fraction_digits_of(i.fetched)));
    w.member("step_s", static_cast<double>(i.step_ns) * 1e-9).end_object();
  }
  w.end_array().end_object();
  std::string out = w.take() + "\n" + std::string(columns) + "\n";
  for (const auto& x : s.samples) {
    out += to_string(x.begin, fraction_digits_of(x.begin));
    out += ',';
    out += shortest(x.grams);
    out += x.estimated ? ",true," : ",false,";
    out += std::to_string(x.import);
    out += '\n';
  }
  return out;
}

IntensitySeries parse_intensity_series(std::string_view given, std::string_view where) {
  const std::string_view text = csv::checked_text(given, where);
  const std::size_t end = text.find('\n');
  IntensitySeries out;
  try {
    out = head_of(text.substr(0, end), where);
  } catch (const Error& e) {
    throw bad_input(e.message(), fmt::format("{}:1{}{}", where, e.where().empty() ? "" : ": ", e.where()),
                    "the first line describes the series; `catalog intensity-import` writes it");
  }
  if (end == std::string_view::npos) return out;
  bool header = true;
  for_each_csv_row(
      text.substr(end + 1), ',', where, [&](std::size_t line, const std::vector<std::string_view>& fields) {
        const std::string at = fmt::format("{}:{}", where, line + 1);
        if (fields.size() != 4) throw bad_input(fmt::format("{} cells; 4 are needed: {}", fields.size(), columns), at);
        if (std::exchange(header, false)) {
          if (fmt::format("{}", fmt::join(fields, ",")) != columns)
            throw bad_input(fmt::format("the second line must read {}", columns), at);
          return;
        }
        IntensitySample s;
        const auto time = try_parse_date_time(fields[0]);
        if (!time) throw bad_input(fmt::format("'{}' is no time", fields[0].substr(0, 60)), at);
        s.begin = *time;
        if (!csv::take_number(fields[1], s.grams) || !std::isfinite(s.grams))
          throw bad_input(fmt::format("'{}' is no value", fields[1].substr(0, 60)), at);
        const auto estimated = csv::read_flag(fields[2]);
        if (!estimated)
          throw bad_input(fmt::format("'{}' found; true or false is allowed", fields[2].substr(0, 60)), at);
        s.estimated = *estimated;
        const auto import = csv::read_integer(fields[3]);
        if (!import || *import < 0 || *import >= static_cast<std::int64_t>(out.imports.size()))
          throw bad_input(
              fmt::format("'{}' is the number of no import; there are {}", fields[3].substr(0, 60), out.imports.size()),
              at);
        s.import = static_cast<std::uint32_t>(*import);
        if (!out.samples.empty() && out.samples.back().begin >= s.begin)
          throw bad_input(fmt::format("{} is not after the row before", to_string(s.begin)), at);
        out.samples.push_back(s);
      });
  return out;
}

}  // namespace wattline::catalog
