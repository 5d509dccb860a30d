#include "ledger/training/export.h"

#include <map>

#include <fmt/format.h>

namespace wattline::ledger::training {
namespace {

std::string quoted(std::string_view s) {
  if (s.find_first_of(",\"\r\n") == s.npos) return std::string(s);
  std::string out = "\"";
  for (const char c : s) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + '"';
}

std::string spaced(Time t) {
  std::string s = to_string(t);
  s[10] = ' ';
  s.pop_back();
  return s;
}

}  // namespace

std::string codecarbon_csv(const ExportedRun& r) {
  double load = 0, loads = 0;
  for (const auto& d : r.devices)
    if (d.load >= 0) {
      load += d.load;
      loads += 1;
    }
  const double kwh = 1 / 3.6e6, facility = r.pue * (r.gpu_joules + r.cpu_joules) * kwh;
  const auto number = [](double v) { return shortest(v); };
  const std::string end = to_string(r.end);
  const std::vector<std::pair<const char*, std::string>> cells{
      {"timestamp", end.substr(0, end.size() - 1)},
      {"project_name", r.name},
      {"run_id", r.id},
      {"experiment_id", r.task},
      {"duration", number(r.duration)},
      {"emissions", number(r.grams / 1000)},
      {"emissions_rate", r.duration > 0 ? number(r.grams / 1000 / r.duration) : ""},
      {"cpu_power", r.duration > 0 && r.cpu_joules > 0 ? number(r.cpu_joules / r.duration) : ""},
      {"gpu_power", r.duration > 0 ? number(r.gpu_joules / r.duration) : ""},
      {"ram_power", ""},
      {"cpu_energy", r.cpu_joules > 0 ? number(r.cpu_joules * kwh) : ""},
      {"gpu_energy", number(r.gpu_joules * kwh)},
      {"ram_energy", ""},
      {"energy_consumed", number(facility)},
      {"water_consumed", number(r.litres)},
      {"country_name", r.place_name},
      {"country_iso_code", r.place},
      {"region", ""},
      {"cloud_provider", ""},
      {"cloud_region", ""},
      {"os", ""},
      {"python_version", ""},
      {"codecarbon_version", ""},
      {"cpu_count", ""},
      {"cpu_model", ""},
      {"gpu_count", fmt::format("{}", r.devices.size())},
      {"gpu_model", r.devices.empty() ? "" : fmt::format("{} x {}", r.devices.size(), r.devices.front().name)},
      {"longitude", ""},
      {"latitude", ""},
      {"ram_total_size", ""},
      {"tracking_mode", "process"},
      {"cpu_utilization_percent", ""},
      {"gpu_utilization_percent", loads > 0 ? number(100 * load / loads) : ""},
      {"ram_utilization_percent", ""},
      {"ram_used_gb", ""},
      {"on_cloud", ""},
      {"pue", number(r.pue)},
      {"wue", number(r.wue)}};
  std::string header, row;
  for (const auto& [name, value] : cells) {
    header += (header.empty() ? "" : ",") + std::string(name);
    row += (row.empty() ? "" : ",") + quoted(value);
  }
  return header + "\n" + row + "\n";
}

Json boamps_report(const ExportedRun& r) {
  Json measure(Json::Object{});
  measure.set("measurementMethod", "power log of the devices, trapezoid; Wattline");
  measure.set("gpuTrackingMode", "nvml");
  double load = 0, loads = 0;
  for (const auto& d : r.devices)
    if (d.load >= 0) {
      load += d.load;
      loads += 1;
    }
  if (loads > 0) measure.set("averageUtilizationGpu", load / loads);
  measure.set("powerConsumption", (r.gpu_joules + r.cpu_joules) / 3.6e6);
  measure.set("measurementDuration", r.duration);
  measure.set("measurementDateTime", spaced(r.begin));
  Json algorithm(Json::Object{});
  algorithm.set("algorithmType", "neural network");
  if (!r.model.empty()) algorithm.set("algorithmName", r.model);
  if (r.parameters > 0) algorithm.set("parametersNumber", r.parameters / 1e9);
  if (r.epochs > 0) algorithm.set("epochsNumber", r.epochs);
  Json dataset(Json::Object{});
  dataset.set("dataUsage", "input");
  dataset.set("dataType", "other");
  Json task(Json::Object{});
  task.set("taskStage", "training");
  task.set("taskFamily", r.task.empty() ? std::string("not stated") : r.task);
  task.set("algorithms", Json(Json::Array{algorithm}));
  task.set("dataset", Json(Json::Array{dataset}));
  if (r.quality >= 0 && r.quality <= 1) task.set("measuredAccuracy", r.quality);
  std::map<std::string, int> counts;
  for (const auto& d : r.devices) ++counts[d.name];
  Json::Array components;
  for (const auto& [name, n] : counts) {
    Json c(Json::Object{});
    c.set("componentName", name);
    c.set("componentType", "gpu");
    c.set("nbComponent", n);
    components.push_back(std::move(c));
  }
  Json infrastructure(Json::Object{});
  infrastructure.set("infraType", "other");
  infrastructure.set("components", Json(std::move(components)));
  Json header(Json::Object{});
  header.set("reportId", r.id);
  header.set("reportDatetime", spaced(r.end));
  header.set("reportStatus", "draft");
  Json out(Json::Object{});
  out.set("header", header);
  out.set("task", task);
  out.set("measures", Json(Json::Array{measure}));
  out.set("infrastructure", infrastructure);
  if (!r.place_name.empty()) {
    Json environment(Json::Object{});
    environment.set("country", r.place_name);
    out.set("environment", environment);
  }
  return out;
}

}  // namespace wattline::ledger::training
