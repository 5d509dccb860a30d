// The roofline's energy of a request (physics/roofline.h), worked out once for a model on a device and
// looked up per answer.
//
// Prefill energy is held at prompt lengths that double, the energy of one decode step at context
// lengths that double, both at batches that double; a look-up interpolates linearly in tokens and in
// 1/batch, along which weights are shared. Prefill yields the first token; decoding o tokens after p is
// the integral of the step energy from p to p+o-1. A test holds look-ups to predict() itself.
#pragma once

#include <array>
#include <vector>

#include "physics/roofline.h"

namespace wattline::serve {

class EnergyTable {
 public:
  // Serving::batch is ignored when `fixed_batch` is 0: then the table covers 1 to `largest_batch`.
  EnergyTable(const catalog::Model&, const catalog::Device&, physics::Serving, double fixed_batch, double largest_batch,
              const catalog::Catalog&);

  struct Cost {
    Energy prefill{0}, decode{0}, sd{0};  // sd of their sum: the errors are shared, so they add
  };
  // Of one request, with `batch` requests under way.
  Cost cost(double prompt_tokens, double cached_tokens, double output_tokens, double batch) const;

  const std::vector<std::string>& sources() const { return sources_; }
  const std::vector<FactorUse>& factors() const { return factors_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  static constexpr std::size_t points = 21;  // 1, 2, 4 ... 2^20 tokens
  struct Curve {  // at one batch
    double inverse_batch = 1;
    std::array<double, points> prefill{}, step{}, decoded{};  // J; decoded: integral of step from 0
    double prefill_spread = 0, step_spread = 0;  // relative standard uncertainty
  };
  static Cost on_curve(const Curve&, double prompt, double cached, double output);

  std::vector<Curve> curves_;  // by rising batch
  std::vector<std::string> sources_;
  std::vector<FactorUse> factors_;
  std::vector<std::string> warnings_;
};

}  // namespace wattline::serve
