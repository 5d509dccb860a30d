#include <algorithm>

#include <fmt/format.h>

#include "kernel/json.h"
#include "ledger/exports/exports.h"
#include "ledger/row.h"

namespace wattline::ledger {
namespace {

std::string cell(std::string_view text) {
  if (text.find_first_of(",;\t\"\r\n") == std::string_view::npos && !text.starts_with(' ') && !text.ends_with(' '))
    return std::string(text);
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + "\"";
}

std::string label_of(const Fact& f, std::string_view name) {
  for (const auto& [key, value] : f.labels)
    if (key == name) return value;
  return {};
}

}  // namespace

std::string CodeCarbonLines::header() {
  return "timestamp,project_name,run_id,experiment_id,duration,emissions,emissions_rate,cpu_power,gpu_power,ram_power,"
         "cpu_energy,gpu_energy,ram_energy,energy_consumed,water_consumed,country_name,country_iso_code,region,"
         "cloud_provider,cloud_region,os,python_version,codecarbon_version,cpu_count,cpu_model,gpu_count,gpu_model,"
         "longitude,latitude,ram_total_size,tracking_mode,on_cloud,pue,wue\n";
}

std::string CodeCarbonLines::line(const Fact& f, const Impacts& impacts) const {
  const double seconds = (f.end - f.begin).base(), kg = impacts.carbon.value().base() / units::kgCO2e.base();
  const auto* region = catalog_.find_region(f.place);
  const auto* place = f.place.empty() ? nullptr : catalog_.find_place(f.place);
  std::string country, iso, state;
  if (place) {
    const auto dash = place->code.find('-');
    const auto* whole = dash == std::string::npos ? place : catalog_.find_place(place->code.substr(0, dash));
    country = whole ? whole->name : place->name;
    if (dash != std::string::npos) state = place->name;
    // The code of three letters is among the other spellings.
    if (whole)
      for (const auto& alias : whole->aliases)
        if (iso.empty() && alias.size() == 3 &&
            std::all_of(alias.begin(), alias.end(), [](char c) { return c >= 'A' && c <= 'Z'; }))
          iso = alias;
    if (iso.empty()) iso = place->code.substr(0, dash);
  }
  const auto* device = f.device.empty() ? nullptr : catalog_.find_device(f.device);
  const bool is_cpu = device && device->kind == catalog::DeviceKind::cpu;
  std::string out;
  const auto add = [&](std::string_view text) { (out += cell(text)) += ','; };
  add(to_string(f.end, fraction_digits_of(f.end)));
  add(label_of(f, "project"));
  add(f.uid);
  add(label_of(f, "experiment"));
  add(shortest(seconds));
  add(shortest(kg));
  add(seconds > 0 ? shortest(kg / seconds) : "0");
  for (int i = 0; i < 6; ++i) add("");  // powers and energies of the parts: not known
  add(shortest(f.energy.value().in(units::kWh)));
  add(shortest(impacts.water.value().in(units::L)));
  add(country);
  add(iso);
  add(state);
  add(region ? region->provider : "");
  add(region ? region->name : "");
  for (int i = 0; i < 4; ++i) add("");  // os, python_version, codecarbon_version, cpu_count
  add(is_cpu ? f.device : "");
  add("");
  add(is_cpu ? "" : f.device);
  for (int i = 0; i < 3; ++i) add("");  // longitude, latitude, ram_total_size
  add("machine");
  add(region ? "Y" : "N");
  // The energy is that at the device.
  add("1");
  out += "\n";
  return out;
}

std::string json_line(const Row& row) { return canonical(row) + "\n"; }

}  // namespace wattline::ledger
