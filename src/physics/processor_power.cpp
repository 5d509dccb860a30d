#include "physics/processor_power.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::physics {
namespace {

constexpr const char* exponent_id = "physics.cpu.curve_exponent";

double clamped(double load) { return std::isnan(load) ? 0 : std::clamp(load, 0.0, 1.0); }

// A catalog factor as an estimate of quantity Q.
template <class Q>
Estimate<Q> factor(const catalog::Catalog& catalog, const char* id, std::vector<FactorUse>& used) {
  const catalog::Factor& f = catalog.factor(id);
  used.push_back(f.use());
  return Estimate<Q>(f.estimate());
}

}  // namespace

Estimate<Power> ProcessorPower::at(double load) const {
  load = clamped(load);
  if (load == 0) return idle;
  if (load == 1) return full;
  const double share = std::pow(load, exponent.value());
  // Derivatives: 1 - share of idle, share of full, (full - idle) * share * ln(load) of the exponent. The
  // sign of the last is dropped: everything made from one curve errs to the same side.
  const double range = std::abs((full.value() - idle.value()).base());
  const Power bend(range * share * std::abs(std::log(load)) * exponent.sd());
  return idle * (1 - share) + full * share +
         Estimate<Power>::with_sd(Power(0), bend, exponent.method(), {}).from_factor(exponent_id);
}

ProcessorPower processor_power(const catalog::Device& device, const catalog::Catalog& catalog) {
  if (device.cores <= 0)
    throw bad_input(fmt::format("'{}' has no processor cores in the catalog; a processor is needed", device.name), {},
                    "name a processor, or give its cores in a catalog override");
  if (!(device.board_power.base() > 0) || !std::isfinite(device.board_power.base()))
    throw bad_input(fmt::format("the board power of '{}' is {}; a positive power is needed", device.name,
                                to_string(device.board_power)),
                    {}, "give its board power (TDP) in a catalog override");
  ProcessorPower p;
  p.device = device.name;
  p.cores = device.cores;
  p.factors.push_back(catalog::use(device));
  const auto tdp = Estimate<Power>::exact(device.board_power);
  p.full = tdp * factor<Ratio>(catalog, "physics.cpu.full_fraction", p.factors);
  if (device.idle_power) {
    p.idle = Estimate<Power>::exact(*device.idle_power);
  } else {
    p.idle = tdp * factor<Ratio>(catalog, "physics.cpu.idle_fraction", p.factors);
    p.warnings.push_back(fmt::format("the idle power of {} is not known: taken from its board power of {}", device.name,
                                     to_string(device.board_power)));
  }
  p.exponent = factor<Ratio>(catalog, exponent_id, p.factors);
  for (Estimate<Power>* e : {&p.idle, &p.full}) e->raw().worsen(Method::modelled);
  return p;
}

Estimate<Energy> energy_of_cpu_time(const ProcessorPower& p, int cores, Duration cpu_time) {
  const double all = std::max(p.cores, 1);
  const double busy = std::clamp(static_cast<double>(cores), 1.0, all);
  const double seconds = std::isfinite(cpu_time.base()) ? std::max(cpu_time.base(), 0.0) : 0;
  // As shares of the package's range: a core's step alone, and its share of the full machine.
  const double alone = std::pow(busy / all, p.exponent.value()) / busy;
  const double shared = 1 / all;
  const double step = (alone + shared) / 2;
  const double full = p.full.value().base();
  const double idle = std::min(p.idle.value().base(), full);
  if (full <= 0) return {};
  const double value = (step * (full - idle) + idle / all) / full;
  const double half_gap = std::abs(alone - shared) / 2 * (full - idle) / full;
  const double of_idle = std::abs(step - shared) * p.idle.sd().base() / full;
  const double sd = std::hypot(half_gap / 1.96, of_idle);
  const auto share = Estimate<Ratio>::with_sd(value, sd, Method::modelled, {}).from_factor(exponent_id);
  Estimate<Energy> out = p.full * share * Estimate<Duration>::exact(Duration(seconds));
  for (const std::string& s : p.exponent.raw().sources()) out.raw().add_source(s);
  return out;
}

Estimate<Power> memory_power(Bytes size, const catalog::Catalog& catalog) {
  if (!std::isfinite(size.base()) || size.base() < 0)
    throw bad_input(fmt::format("memory of {} bytes; a size from 0 is needed", size.base()));
  Estimate<PowerPerByte> per_byte(catalog.factor("physics.memory.power").estimate());
  Estimate<Power> out = per_byte * Estimate<Bytes>::exact(size);
  out.raw().worsen(Method::modelled);
  return out;
}

}  // namespace wattline::physics
