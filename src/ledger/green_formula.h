// The Green Algorithms formula (Lannelongue et al., Advanced Science 8 (2021) 2100707, section 2)
// and its AI forms (calculator v3.0), as pure functions on plain numbers in the calculator's units
// and order of operations, so that results agree with it to the last digits.
#pragma once

#include <cstdint>

namespace wattline::ledger {

struct GreenJob {
  double hours = 0;
  double cores = 0, core_watts = 0, core_usage = 1;
  double gpus = 0, gpu_watts = 0, gpu_usage = 1;
  double memory_gb = 0, memory_watts_per_gb = 0;  // reserved memory draws whether used or not
  double pue = 1;
  double multiplier = 1;  // PSF, training and retraining, or inference scale
  double grams_per_kwh = 0;
};

struct GreenFootprint {
  double core_watts = 0, gpu_watts = 0, memory_watts = 0;  // without PUE
  double total_watts = 0;  // with PUE
  double kwh = 0, grams = 0;
  double core_grams = 0, gpu_grams = 0, memory_grams = 0;  // with PUE and multiplier; add up to grams
};
GreenFootprint footprint(const GreenJob&);

// All of a training: the main run, experiments before it, and retrainings after it, as multiples.
double training_multiplier(double experiments, double retrainings, double retraining_size);

// A use given for `periods` days, weeks, months or years, carried over to `months`.
enum class Period { day, week, month, year };
double inference_multiplier(double periods, Period, double months);

}  // namespace wattline::ledger
