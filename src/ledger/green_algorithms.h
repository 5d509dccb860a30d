// The capability `ledger green-algorithms`: carbon of a computation from six facts about it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "kernel/quantity.h"
#include "ledger/green_formula.h"

namespace wattline::ledger {

enum class GreenVersion { v3_0, v1_0, both };
enum class Platform { personal, local, cloud };
enum class GreenMode { run, training, inference };

struct GreenProcessorOptions {
  double cores = 1;
  std::string cpu;  // "": Any
  std::optional<Power> core_tdp;
  std::optional<double> core_usage;
  double gpus = 0;
  std::string gpu;
  std::optional<Power> gpu_tdp;
  std::optional<double> gpu_usage;
  Bytes memory{0};
};
struct GreenSiteOptions {
  Platform platform = Platform::personal;
  std::string provider, datacentre, place;
  std::optional<CarbonIntensity> intensity;
  std::optional<double> pue;
};
struct GreenScaleOptions {
  double psf = 1;
  GreenMode mode = GreenMode::run;
  double experiments = 0, retrainings = 0, retraining_size = 0;
  double periods = 1;
  Period period = Period::month;
  double months = 12;
};
struct GreenAlgorithmsOptions {
  Duration runtime{0};
  GreenProcessorOptions processors;
  GreenSiteOptions site;
  GreenScaleOptions scale;
  GreenVersion data_version = GreenVersion::v3_0;
  std::vector<std::string> compare;
  std::optional<Energy> measured;
};

const Fields<GreenAlgorithmsOptions>& green_algorithms_fields();
Result green_algorithms(const GreenAlgorithmsOptions&, Context&);
Capability green_algorithms_capability();

}  // namespace wattline::ledger
