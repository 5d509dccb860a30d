// The roof over a device: its peak arithmetic rate in one number format, its memory bandwidth, and what
// inference engines have been seen to achieve of either, with the time that neither explains. Pure.
//
// The shares and times are catalog factors by kind of device: physics.gpu.*, physics.cpu.*, physics.soc.*
// (an accelerator is taken as a GPU). Those of GPUs are fitted to published measurements of serving
// engines; docs/guides/roofline.md says how well.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "kernel/quantity.h"

namespace wattline::physics {

struct Roof {
  std::string format;  // of the arithmetic: "bf16"
  ComputeRate peak{0};  // of one device, as the catalog has it
  Bandwidth bandwidth{0};
  Estimate<Ratio> of_peak, of_bandwidth;  // achieved share where that is what limits
  Estimate<Duration> layer_time;  // launches and small kernels, per layer and pass
  Estimate<Duration> sync_time;  // added per layer and pass when devices share the layer
  Estimate<Duration> sequence_time;  // scheduling, sampling, per sequence and pass
  Estimate<Ratio> of_link;  // achieved share of the link between devices
  Estimate<Ratio> time_residual;  // what the fit leaves open: engine, version, settings
  // Power as shares of the board power: at work whatever the load, and added by a full use of the
  // nominal bandwidth and of the nominal peak.
  Estimate<Ratio> static_power, memory_power, compute_power, power_residual;
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;

  // Work per byte above which arithmetic limits: FLOP/byte, nominal and as achieved.
  double nominal_ridge() const { return peak.base() / bandwidth.base(); }
  double ridge() const { return nominal_ridge() * of_peak.value() / of_bandwidth.value(); }
};

// `format` "": the fastest that the device has for weights of `weight_bits`: formats of that width; else,
// the weights being widened, of 16 bits, then of any larger and at last of any smaller width.
// Error bad_input: the device has no bandwidth or no rate in the catalog; not_found: it has not this format.
Roof roof(const catalog::Device&, std::string_view format, double weight_bits, const catalog::Catalog&);

// Width in bits of a number format by its name: "bf16" 16, "tf32" 32, "int8" 8; 0 when it has none.
double format_bits(std::string_view name);

}  // namespace wattline::physics
