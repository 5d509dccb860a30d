// One job through the tools, each with its own formula, constants and electricity table.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/options.h"
#include "kernel/result.h"

namespace wattline::ledger {

struct EmulateJobOptions {
  Duration runtime{0};
  double cores = 1;
  std::string cpu;
  std::optional<Power> cpu_tdp;  // of the whole chip
  std::optional<double> load;  // absent: what each tool takes then
  double gpus = 0;
  std::string gpu;
  std::optional<Power> gpu_tdp;
  double gpu_usage = 1;
  Bytes memory{0};
};
struct EmulateSiteOptions {
  std::string place, region, architecture;
  std::optional<CarbonIntensity> intensity;
  double server_share = 1;
};
struct EmulateTokenOptions {
  double tokens = 0;
  std::string model, provider;
  std::optional<double> active, parameters;  // billions
  std::optional<Duration> latency;
};
struct EmulateOptions {
  EmulateJobOptions job;
  EmulateSiteOptions site;
  EmulateTokenOptions llm;
  double units = 1;
};

struct Emulation {
  std::string tool, version;
  std::string why_not;  // where it does not apply, or a name is not in its tables
  double hours = 0, cpu_watts = 0, gpu_watts = 0, memory_watts = 0, pue = 1;
  bool by_power = true;  // kwh = hours * watts * pue
  double kwh = 0, grams_per_kwh = 0, embodied_grams = 0;
  std::string intensity_of;
  std::optional<Interval> kwh_interval;  // 95 %, where the tool or its inputs have one
  std::string counts, leaves_out;
  std::string note;

  bool applies() const { return why_not.empty(); }
  double use_grams() const { return kwh * grams_per_kwh; }
  double grams() const { return use_grams() + embodied_grams; }
};
// In a fixed order; factors, warnings go to the result.
std::vector<Emulation> emulate_all(const EmulateOptions&, const catalog::Catalog&, Result&);

// Why `b` differs from `a`, in grams; the parts add up to b - a exactly. Order: processors, GPUs, memory, site,
// electricity, manufacture; or "method" where one of them is not hours times power.
struct Cause {
  std::string name;
  double grams = 0;
};
std::vector<Cause> causes(const Emulation& a, const Emulation& b);

}  // namespace wattline::ledger
