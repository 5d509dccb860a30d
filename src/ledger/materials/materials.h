// The capability `ledger materials`: cards and materials that a training run consumes.
// Source: S. Falk, N. Kluge Corrêa and others, From FLOPs to Footprints, arXiv 2512.04142.
#pragma once

#include <optional>
#include <string>

#include "kernel/capability.h"
#include "ledger/materials/data.h"

namespace wattline::ledger::materials {

struct ComputeOptions {
  std::string model;
  std::optional<Flops> flop, flop_low, flop_high;
  std::optional<double> parameters, tokens;
};
struct UseOptions {
  std::string device = "NVIDIA A100 SXM 40GB";
  std::string format = "bf16";
  std::optional<ComputeRate> peak;
  bool dense = false;
  std::optional<double> mfu, mfu_low, mfu_high, hfu;
  double recomputed = 0;
  std::optional<double> years, years_low, years_high;
  double busy = 1, spares = 0;
  std::optional<Duration> duration;
};
struct ElementOptions {
  InputFile elements;
  bool illustrative = false;
};
struct MaterialsOptions {
  ComputeOptions compute;
  UseOptions use;
  ElementOptions elements;
};

// The training as the options have it. Errors: bad_input for utilisations in per cent, peaks of sparse
// matrices, compute that is not known; not_found for models and devices.
struct ResolvedTraining {
  Training training;
  std::string compute_from, peak_from, utilisation_from;  // in words
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;
};
ResolvedTraining resolve(const MaterialsOptions&, const Data&, const catalog::Catalog&);

Result materials(const MaterialsOptions&, Context&);
Capability materials_capability();

}  // namespace wattline::ledger::materials
