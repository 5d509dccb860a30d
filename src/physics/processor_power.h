// Power of a CPU package by load, for machines whose power cannot be read, and what a piece of CPU time
// costs on it. Pure: no input or output.
//
//   P(load) = idle + (full - idle) * load^exponent        load in 0..1 of all cores
//
// idle and full come from the catalog's device where it knows them, else from its board power (TDP) by
// the factors physics.cpu.idle_fraction and physics.cpu.full_fraction; the exponent (below 1: the first
// busy core costs more than the last) is the factor physics.cpu.curve_exponent, fitted to servers whose
// power was measured step by step. Always `modelled`.
#pragma once

#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "kernel/quantity.h"

namespace wattline::physics {

struct ProcessorPower {
  std::string device;  // catalog name
  int cores = 1;  // physical cores that share the package
  Estimate<Power> idle, full;  // the package with nothing to do, and with every core busy
  Estimate<Ratio> exponent;  // of the curve
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;  // "the idle power is not known: ..."

  // The package at a load of 0..1; loads outside (scheduling noise, NaN) are taken as the nearest bound.
  Estimate<Power> at(double load) const;
};

// Error bad_input: the device is not a processor (it has no cores) or its board power is not known.
ProcessorPower processor_power(const catalog::Device&, const catalog::Catalog&);

// Energy of `cpu_time` (user and system, over all threads) of work that keeps `cores` cores busy at once
// on a machine that does nothing else or that is shared, we cannot know: what a busy core adds lies
// between its step on the idle machine, (P(cores/all) - idle) / cores, and its share of the full machine,
// (full - idle) / all; the value is the middle and the interval holds both. To it comes its share of the
// idle power, idle / all. So all cores busy for a second cost exactly full * 1 s.
// `cores` below 1 or above those of the processor is taken as the nearest bound. A hardware thread counts
// as a core.
Estimate<Energy> energy_of_cpu_time(const ProcessorPower&, int cores, Duration cpu_time);

// Power of so much memory (DRAM, refreshed whether used or not), by the factor physics.memory.power.
Estimate<Power> memory_power(Bytes, const catalog::Catalog&);

}  // namespace wattline::physics
