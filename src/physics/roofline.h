// Time and energy of serving a transformer on a device: the roofline (Williams, Waterman & Patterson
// 2009, doi:10.1145/1498765.1498785) of prefill and decode from the model's shape and the device's
// peak rates. Pure: no input or output.
//
// A batch of `batch` equal requests runs on `devices` equal devices. Prefill reads the whole prompt at
// once and is mostly compute-bound; each decode step reads every active weight once for the batch and
// each request's own keys and values, and is mostly memory-bound until the batch is large.
//
//   time of a pass = residual * [ max(FLOP / (peak * of_peak), bytes / (bandwidth * of_bandwidth))
//                                 + exchanged / (link * of_link)
//                                 + layers * (layer_time + sync_time) + batch * sequence_time ]
//   power = residual * board power * min(1, static + memory * bytes / (bandwidth * time)
//                                            + compute * FLOP / (peak * time))
//
// with the shares and times of roof.h. The first output token comes out of prefill, so decode has
// output_tokens - 1 steps (output_tokens when there is no prompt). The energy is that of the devices
// alone: not of the host, its memory and its fans.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "kernel/quantity.h"
#include "physics/roof.h"

namespace wattline::physics {

struct Request {
  double prompt_tokens = 0, output_tokens = 0;
  double cached_tokens = 0;  // of the prompt, found in the prefix cache: read, not computed
};

struct Serving {
  double batch = 1;  // requests that share each pass over the weights
  double devices = 1;  // the model is split evenly over so many
  double weight_bits = 16, kv_bits = 16;
  std::string format;  // arithmetic ("bf16", "fp8"); "": the fastest the device has for weight_bits
};

enum class Bound { compute, memory };
std::string_view to_string(Bound);

struct Phase {
  Flops flops{0};  // of the whole batch
  Bytes bytes{0};  // moved between memory and processor, whole batch, all devices
  Bytes exchanged{0};  // sent by each device to the others
  double passes = 0;  // over the weights: decode steps, or chunks of prompts
  Estimate<Duration> time;  // of the whole batch
  Estimate<Energy> energy;  // of ONE request: the batch's energy divided by the batch
  Estimate<Power> power;  // all devices together, while the phase runs
  Bound bound = Bound::compute;  // what limits it (of decode: at the middle step)
};

struct Inference {
  Phase prefill, decode;
  Bytes weights{0};  // all experts, as stored
  Bytes kv_per_token{0};  // of one request
  Bytes memory_needed{0};  // weights and the batch's keys and values at the end
  bool fits = true;  // in the devices' memory (true when that is unknown)
  Roof roof;  // of one device
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;  // "the shape is not published: ..."
};

// Error bad_input: no peak rate, bandwidth or board power for this device and format, bits or counts out
// of range. A model that does not fit is a warning: `fits` is false and the figures are of a device that had
// the memory.
Inference predict(const catalog::Model&, const catalog::Device&, const Request&, const Serving&,
                  const catalog::Catalog&);

}  // namespace wattline::physics
