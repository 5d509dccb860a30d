// `wattline device roofline`: time, energy and footprint of a language model on a device, predicted from
// the model's shape and the device's roof (physics/roofline.h), alone or along a sweep.
#pragma once

#include <cstdint>
#include <string>

#include "catalog/place_options.h"
#include "kernel/capability.h"
#include "kernel/figure.h"
#include "physics/roofline.h"

namespace wattline::device {

enum class Sweep { none, batch, prompt, devices, weight_bits };

struct RooflineOptions {
  std::string model, device;
  std::int64_t prompt_tokens = 1000, output_tokens = 200, cached_tokens = 0;
  std::int64_t batch = 1, devices = 1;
  double weight_bits = 16, kv_bits = 16;
  std::string format;
  Sweep sweep = Sweep::none;
  catalog::PlaceOptions place;

  physics::Request request() const;
  physics::Serving serving() const;
};

const Fields<RooflineOptions>& roofline_fields();
Result roofline(const RooflineOptions&, Context&);
Capability roofline_capability();

// What people ask of a prediction. Energy is that of the devices for one request.
struct Summary {
  Estimate<Energy> request;
  Estimate<EnergyPerToken> per_output_token;  // all energy of a request, over its answer's tokens
  Estimate<Duration> first_token, output_token, whole;
  Estimate<TokenRate> throughput;  // answers' tokens of the whole batch
};
Summary summarise(const physics::Inference&, const RooflineOptions&);

// The options with one of them varied: 1, 2, 4 ... in batch and devices, 128 ... of prompt, 4 to 32 bits.
std::vector<RooflineOptions> sweep_points(const RooflineOptions&, const catalog::Model&);

// Attainable rate over work per byte, with both phases where they lie (log-log, per device).
Figure roof_figure(const physics::Inference&, const RooflineOptions&);

}  // namespace wattline::device
