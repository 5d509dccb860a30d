#include "meter/families/readings.h"

#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::meter {
namespace {

constexpr double watt_hour = 3600;

std::optional<double> number(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  double value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end == text.data() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<double> usable(std::optional<double> v) { return v && std::isfinite(*v) && *v >= 0 ? v : std::nullopt; }

// What a meter says flows: below nothing is more fed back than drawn, and what the machine draws is then not known.
std::optional<double> drawn(std::optional<double> watts) {
  if (watts && std::isfinite(*watts) && *watts < 0)
    throw world_error(fmt::format("more is fed back than drawn ({:.4g} W): what the machine draws is not told", *watts),
                      "meter", "put the meter where the machine alone is behind it");
  return usable(watts);
}

std::optional<double> scaled(std::optional<double> v, double scale) {
  return usable(v ? std::optional(*v * scale) : std::nullopt);
}

ExternalReadings one(ExternalReading r, std::string_view what) {
  if (!r.watts && !r.joules)
    throw world_error("the answer holds no power: " + std::string(what) + " is needed", "meter",
                      "see docs/formats/meter-sources.md for what each type reads");
  return {std::move(r)};
}

std::string_view next_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// "Key   : value" or "Key: value".
std::optional<std::string_view> value_of(std::string_view line, std::string_view key) {
  while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
  if (!line.starts_with(key)) return std::nullopt;
  line.remove_prefix(key.size());
  while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
  if (!line.starts_with(':')) return std::nullopt;
  line.remove_prefix(1);
  while (line.starts_with(' ') || line.starts_with('\t')) line.remove_prefix(1);
  return line;
}

const Json* member_at(const Json& from, std::string_view path) {
  const Json* at = &from;
  while (at && !path.empty()) {
    const auto dot = std::min(path.find('.'), path.size());
    const auto name = path.substr(0, dot);
    path.remove_prefix(std::min(dot + 1, path.size()));
    std::size_t index = 0;
    const auto [end, ec] = std::from_chars(name.data(), name.data() + name.size(), index);
    if (at->is_array())
      at = ec == std::errc() && end == name.data() + name.size() && index < at->as_array().size()
               ? &at->as_array()[index]
               : nullptr;
    else at = at->find(name);
  }
  return at;
}

// A number, or the sum of a list of them: without one of its parts it is none, and a part that feeds back counts less.
std::optional<double> total_at(const Json& from, std::string_view path) {
  const Json* at = member_at(from, path);
  if (!at || !at->is_array()) return number_at(from, path);
  std::optional<double> sum;
  for (const auto& v : at->as_array()) {
    if (!v.is_number()) return std::nullopt;
    sum = sum.value_or(0) + v.as_number();
  }
  return sum;
}

}  // namespace

bool bay_is_empty(const Json& supply) {
  const Json* state = member_at(supply, "Status.State");
  return state && state->is_string() && state->as_string() == "Absent";
}

std::optional<double> number_at(const Json& from, std::string_view path) {
  const Json* at = member_at(from, path);
  if (!at) return std::nullopt;
  if (at->is_number()) return at->as_number();
  return at->is_string() ? number(at->as_string()) : std::nullopt;
}

ExternalReadings parse_shelly(std::string_view text) {
  const Json json = parse_json(text, "Shelly's answer");
  ExternalReading r;
  for (const char* whole : {"apower", "total_act_power", "act_power"})
    if (!r.watts) r.watts = drawn(number_at(json, whole));
  r.joules = scaled(number_at(json, "aenergy.total"), watt_hour);
  r.joule_step = 1e-3 * watt_hour;
  // The sum over the channels: one that feeds back counts less, and without one of them there is no sum.
  const auto first_generation = [&](const char* list, double scale) {
    const Json* meters = json.find(list);
    if (!meters || !meters->is_array() || meters->as_array().empty()) return;
    std::optional<double> watts = 0, joules = 0;
    for (const auto& m : meters->as_array()) {
      const Json* valid = m.find("is_valid");
      const bool told = !valid || !valid->is_bool() || valid->as_bool();
      const auto power = told ? number_at(m, "power") : std::nullopt,
                 total = told ? number_at(m, "total") : std::nullopt;
      watts = watts && power ? std::optional(*watts + *power) : std::nullopt;
      // What was fed back is counted apart, and when is not told.
      joules = joules && total && number_at(m, "total_returned").value_or(0) == 0 ? std::optional(*joules + *total)
                                                                                  : std::nullopt;
    }
    r.watts = drawn(watts);
    r.joules = scaled(joules, scale);
    r.joule_step = scale;
  };
  if (!r.watts) first_generation("meters", 60);
  if (!r.watts) first_generation("emeters", watt_hour);
  return one(std::move(r), "apower, total_act_power, act_power, or meters or emeters that are all valid,");
}

ExternalReadings parse_tasmota(std::string_view text) {
  const Json json = parse_json(text, "Tasmota's answer");
  ExternalReading r;
  r.watts = drawn(total_at(json, "StatusSNS.ENERGY.Power"));
  r.joules = scaled(total_at(json, "StatusSNS.ENERGY.Total"), 1000 * watt_hour);
  r.joule_step = watt_hour;
  r.watt_step = 1;
  return one(std::move(r), "StatusSNS.ENERGY.Power");
}

ExternalReadings parse_json_meter(std::string_view text, std::string_view power_path, double power_scale,
                                  std::string_view energy_path, double energy_scale) {
  const Json json = parse_json(text, "the meter's answer");
  ExternalReading r;
  if (!power_path.empty())
    if (const auto power = total_at(json, power_path)) r.watts = drawn(*power * power_scale);
  if (!energy_path.empty()) r.joules = scaled(total_at(json, energy_path), energy_scale);
  return one(std::move(r), power_path.empty() ? energy_path : power_path);
}

ExternalReadings parse_upsc(std::string_view text) {
  ExternalReading r;
  std::optional<double> load, nominal;
  while (!text.empty()) {
    const auto line = next_line(text);
    if (const auto v = value_of(line, "ups.realpower")) r.watts = usable(number(*v));
    else if (const auto l = value_of(line, "ups.load")) load = usable(number(*l));
    else if (const auto n = value_of(line, "ups.realpower.nominal")) nominal = usable(number(*n));
  }
  r.watt_step = 1;
  if (!r.watts && load && nominal) {
    r.watts = *load / 100 * *nominal;
    r.watt_step = *nominal / 100;
    r.derived = true;
  }
  return one(std::move(r), "ups.realpower, or ups.load and ups.realpower.nominal,");
}

ExternalReadings parse_dcmi_text(std::string_view text) {
  ExternalReading r;
  r.watt_step = 1;
  bool active = true;
  while (!text.empty()) {
    const auto line = next_line(text);
    if (const auto v = value_of(line, "Instantaneous power reading")) r.watts = usable(number(*v));
    if (const auto v = value_of(line, "Power reading state is")) active = v->starts_with("activ");
  }
  if (!active) throw world_error("the power reading is switched off in the management controller", "meter");
  return one(std::move(r), "'Instantaneous power reading'");
}

ExternalReadings parse_powermetrics(std::string_view text) {
  struct Line {
    const char* key;
    const char* part;
    Domain domain;
    std::optional<double> watts;
  };
  Line lines[] = {{"CPU Power", "cpu", Domain::cpu, {}},
                  {"Intel energy model derived package power (CPUs+GT+SA)", "cpu", Domain::cpu, {}},
                  {"GPU Power", "gpu", Domain::gpu, {}},
                  {"ANE Power", "ane", Domain::other, {}},
                  {"DRAM Power", "dram", Domain::memory, {}}};
  while (!text.empty()) {
    const bool whole = text.find('\n') != text.npos;
    const auto line = next_line(text);
    if (!whole) break;  // it is being written
    for (auto& l : lines)
      if (const auto v = value_of(line, l.key))
        l.watts =
            usable(number(*v)) ? std::optional(*number(*v) * (v->find("mW") != v->npos ? 1e-3 : 1)) : std::nullopt;
  }
  ExternalReadings out;
  for (const auto& l : lines) {
    if (!l.watts) continue;
    ExternalReading r;
    r.part = l.part;
    r.domain = l.domain;
    r.watts = l.watts;
    r.watt_step = 1e-3;
    r.derived = true;
    out.push_back(std::move(r));
  }
  if (out.empty()) one({}, "a line 'CPU Power: n mW'");
  return out;
}

ExternalReadings parse_ptdaemon(std::string_view text) {
  ExternalReading r;
  while (!text.empty()) {
    const bool whole = text.find('\n') != text.npos;
    auto line = next_line(text);
    if (!whole || !line.starts_with("Time,")) continue;
    const auto at = line.find(",Watts,");
    if (at == line.npos) continue;
    line.remove_prefix(at + 7);
    r.watts = usable(number(line.substr(0, std::min(line.find(','), line.size()))));
  }
  return one(std::move(r), "a line 'Time,...,Watts,x,...'");
}

std::optional<ExternalReading> read_redfish(const Json& json) {
  ExternalReading r;
  r.watt_step = 1;
  r.watts = usable(number_at(json, "PowerWatts.Reading"));
  r.joules = scaled(number_at(json, "EnergykWh.Reading"), 1000 * watt_hour);
  r.joule_step = watt_hour;
  // The first is the chassis; others, where there are any, are parts of it.
  if (!r.watts) r.watts = usable(number_at(json, "PowerControl.0.PowerConsumedWatts"));
  if (!r.watts) r.watts = usable(number_at(json, "InputPowerWatts.Reading"));
  if (const Json* supplies = json.find("PowerSupplies"); !r.watts && supplies && supplies->is_array())
    for (const auto& s : supplies->as_array()) {
      if (bay_is_empty(s)) continue;
      const auto watts = usable(number_at(s, "PowerInputWatts"));
      if (!watts) {
        r.watts.reset();  // a sum without one of its parts is none
        break;
      }
      r.watts = r.watts.value_or(0) + *watts;
    }
  return r.watts || r.joules ? std::optional(r) : std::nullopt;
}

}  // namespace wattline::meter
