#include <fmt/format.h>

#include "catalog/intensity/intensity_readers.h"
#include "kernel/error.h"
#include "kernel/json.h"

namespace wattline::catalog {
namespace {

constexpr std::int64_t second = 1'000'000'000, minute = 60 * second, hour = 60 * minute;

// An Error about a member says where in the file it stands.
template <class F>
auto within(const std::string& where, F&& read) {
  try {
    return read();
  } catch (const Error& e) {
    throw e.at(where);
  }
}

Time time_of(const Json& entry, std::string_view member) { return parse_time(entry.at(member).as_string()); }

std::string text_of(const Json& entry, std::string_view member) {
  const Json* m = entry.find(member);
  return !m || m->is_null() ? "" : m->as_string();
}

// One value for the whole file.
void agree(std::string& whole, const std::string& one, std::string_view member) {
  if (one.empty() || one == whole) return;
  if (!whole.empty())
    throw bad_input(fmt::format("'{}' here, '{}' before: two series in one file", one.substr(0, 60), whole),
                    std::string(member), "import them one by one");
  whole = one;
}

std::int64_t granularity(const std::string& name) {
  if (name == "hourly") return hour;
  if (name == "5_minutes") return 5 * minute;
  if (name == "15_minutes") return 15 * minute;
  return 0;
}

void take_entry(IntensityFile& file, const Json& entry, bool forecast) {
  agree(file.zone, text_of(entry, "zone"), "zone");
  agree(file.emissions, text_of(entry, "emissionFactorType"), "emissionFactorType");
  const Json& value = entry.at("carbonIntensity");
  const Time at = time_of(entry, "datetime");
  if (const auto step = granularity(text_of(entry, "temporalGranularity"))) file.step_ns = step;
  if (value.is_null()) {
    ++file.empty;
    return;
  }
  const Json* estimated = entry.find("isEstimated");
  file.samples.push_back(
      {at, value.as_number(), forecast || (estimated && !estimated->is_null() && estimated->as_bool()), 0});
}

}  // namespace

IntensityFile read_electricity_maps(std::string_view text, std::string_view where, bool may_be_empty) {
  const Json json = parse_json(text, where);
  IntensityFile file;
  file.format = IntensityFormat::electricity_maps;
  file.kind = IntensityKind::average;
  file.source = "Electricity Maps API, carbon-intensity";
  std::vector<std::size_t> rows;
  const auto take = [&](const Json& entry, std::size_t i, bool forecast, const char* list) {
    const std::size_t before = file.samples.size();
    within(fmt::format("{}:{}[{}]", where, list, i), [&] {
      if (!entry.is_object()) throw bad_input("an object with datetime and carbonIntensity is needed");
      take_entry(file, entry, forecast);
    });
    if (file.samples.size() > before) rows.push_back(i);
  };
  if (!json.is_object() && !json.is_array())
    throw bad_input("is no answer of Electricity Maps: an object is needed", std::string(where));
  if (json.is_object()) within(std::string(where), [&] { agree(file.zone, text_of(json, "zone"), "zone"); });
  const char* list = "";
  for (const char* name : {"history", "data", "forecast"})
    if (json.find(name) && json.find(name)->is_array()) list = name;
  if (json.is_array() || *list) {
    const Json::Array& entries = json.is_array() ? json.as_array() : json.find(list)->as_array();
    if (json.is_object() && *list)
      if (const auto step =
              granularity(within(std::string(where), [&] { return text_of(json, "temporalGranularity"); })))
        file.step_ns = step;
    for (std::size_t i = 0; i < entries.size(); ++i) take(entries[i], i, std::string_view(list) == "forecast", list);
  } else {
    take(json, 0, false, "");
  }
  if (file.emissions != "" && file.emissions != "lifecycle" && file.emissions != "direct")
    throw bad_input(fmt::format("emissionFactorType '{}'; lifecycle or direct is known", file.emissions.substr(0, 60)),
                    std::string(where));
  settle(file, where, rows, "entry ", may_be_empty);
  // One answer tells no step: the API's ordinary one is the hour.
  if (file.step_ns == 0) file.step_ns = hour;
  return file;
}

IntensityFile read_watttime(std::string_view text, std::string_view where, bool may_be_empty) {
  // The pound of 453.592 g as WattTime's users convert, per 1000 kWh.
  constexpr double grams_per_pound = 453.592, kwh_per_mwh = 1000;
  const Json json = parse_json(text, where);
  IntensityFile file;
  file.format = IntensityFormat::watttime;
  std::vector<std::size_t> rows;
  std::optional<Time> generated;
  within(std::string(where), [&] {
    const Json& meta = json.at("meta");
    const std::string signal = meta.at("signal_type").as_string(), unit = meta.at("units").as_string();
    if (signal == "co2_moer") file.kind = IntensityKind::marginal;
    else if (signal == "co2_aoer") file.kind = IntensityKind::average;
    else
      throw bad_input(fmt::format("'{}' is no carbon intensity", signal.substr(0, 60)), "meta.signal_type",
                      "co2_moer (marginal) or co2_aoer (average) is read");
    if (unit != "lbs_co2_per_mwh")
      throw bad_input(fmt::format("'{}' found; lbs_co2_per_mwh is allowed", unit.substr(0, 60)), "meta.units",
                      "the signal index is a percentile and no intensity");
    file.zone = text_of(meta, "region");
    file.source = "WattTime API v3, " + signal;
    if (const Json* model = meta.find("model"); model && model->is_object()) file.model = text_of(*model, "date");
    if (const std::string at = text_of(meta, "generated_at"); !at.empty()) generated = parse_time(at);
    const double period = meta.number_or("data_point_period_seconds", 0);
    if (period != 0) {
      if (!(period >= 1 && period <= 86400))
        throw bad_input(fmt::format("{:.6g} s; 1 to 86400 is allowed", period), "meta.data_point_period_seconds");
      file.step_ns = static_cast<std::int64_t>(period * static_cast<double>(second));
    }
  });
  const Json::Array& data =
      within(std::string(where), [&]() -> const Json::Array& { return json.at("data").as_array(); });
  for (std::size_t i = 0; i < data.size(); ++i)
    within(fmt::format("{}:data[{}]", where, i), [&] {
      const Time at = time_of(data[i], "point_time");
      const Json& value = data[i].at("value");
      if (value.is_null()) {
        ++file.empty;
        return;
      }
      file.samples.push_back({at, value.as_number() * grams_per_pound / kwh_per_mwh, generated && at > *generated, 0});
      rows.push_back(i);
    });
  // They are of CO2 alone, at the stack.
  file.emissions = "direct";
  settle(file, where, rows, "data ", may_be_empty);
  if (file.step_ns == 0) file.step_ns = 5 * minute;
  return file;
}

}  // namespace wattline::catalog
