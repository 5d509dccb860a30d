#include "ledger/green_formula.h"

namespace wattline::ledger {

GreenFootprint footprint(const GreenJob& job) {
  GreenFootprint f;
  f.core_watts = job.cores * job.core_watts * job.core_usage;
  f.gpu_watts = job.gpus * job.gpu_watts * job.gpu_usage;
  f.memory_watts = job.memory_gb * job.memory_watts_per_gb;
  f.total_watts = job.pue * (f.core_watts + f.gpu_watts + f.memory_watts);
  f.kwh = job.hours * f.total_watts * job.multiplier / 1000;
  f.grams = f.kwh * job.grams_per_kwh;
  const auto part = [&](double watts) {
    return job.hours * job.pue * watts * job.multiplier / 1000 * job.grams_per_kwh;
  };
  f.core_grams = part(f.core_watts);
  f.gpu_grams = part(f.gpu_watts);
  f.memory_grams = part(f.memory_watts);
  return f;
}

double training_multiplier(double experiments, double retrainings, double retraining_size) {
  return 1 + experiments + retraining_size * retrainings;
}

double inference_multiplier(double periods, Period period, double months) {
  // The calculator's months: 30 days, 4 weeks.
  switch (period) {
    case Period::day: return 30 / periods * months;
    case Period::week: return 4 / periods * months;
    case Period::month: return 1 / periods * months;
    case Period::year: return 1 / (12 * periods) * months;
  }
  return 0;
}

}  // namespace wattline::ledger
