// Power of a CPU package by load, for machines whose power cannot be read, and what a piece of CPU time
// costs on it. Pure: no input or output. Always `modelled`.
//
//   P(load) = idle + (full - idle) * shape(load)        load in 0..1 of all cores
//
// Where the catalog has a curve of this very processor (measured, or fitted by the user with `wattline meter
// fit`), that is it. Else each part comes from what is nearest, and none of it from the TDP alone:
//   range (full - idle)  what whole servers with this processor (else its line, else its family) draw between
//                        idle and full load (SPECpower), times the share of it that packages were measured to
//                        take; of a processor without a family: its TDP times the measured shares
//   idle                 the geometric mean of the same for idle servers and of the measured shares of TDP
//   shape                the mean of the curves of its family (of all, when it has none)
// Intervals are predictive: the spread of the few measured packages with the catalog's prior spread
// (physics.cpu.*_spread) counted as physics.cpu.prior_packages of them, Student's t for so few. A test
// leaves each measured server out in turn and says how far off it is and how often the interval holds.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "kernel/quantity.h"
#include "physics/load_curves.h"

namespace wattline::physics {

struct ProcessorPower {
  std::string device;  // catalog name
  int cores = 1;  // physical cores that share the package
  Estimate<Power> idle, full;  // the package with nothing to do, and with every core busy
  // Share of the range by load and the standard uncertainty of the share, by LoadKind.
  struct Shape {
    std::array<double, curve_points> share{}, sd{};
  };
  std::array<Shape, 3> shapes;
  bool own_curve = false;  // a curve of this very processor, not of others like it
  std::string basis;  // what it rests on, for people: "its own measured curve"
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;

  // The package at a load of 0..1; loads outside (scheduling noise, NaN) are taken as the nearest bound.
  Estimate<Power> at(double load, LoadKind = LoadKind::unknown) const;
};

// Error bad_input: the device is not a processor (it has no cores) or its board power is not known.
ProcessorPower processor_power(const catalog::Device&, const catalog::Catalog&);
// The same from curves given, for instance with one machine's left out.
ProcessorPower processor_power(const catalog::Device&, const LoadCurves&, const catalog::Catalog&);

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

// A mean power over at least half a minute that no package with this TDP can draw: meters that add a
// package's zone and that of its cores, which it contains, show this (the Intel Xeon E3-1240 v2 of the
// measured servers was read so once: 93 W on 69 W). `tdp`: of all packages together.
bool above_what_packages_draw(Power mean, Power tdp, const catalog::Catalog&);

}  // namespace wattline::physics
