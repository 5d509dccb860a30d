// Power traces of a training run, as loggers of all kinds write them: one row a sample and device, header styles told
// by their words ("power.draw [W]" of nvidia-smi, "gpu_power_draw", "power [W]" of power.series.v1), values with or
// without unit ("10.36 W"), dates with '-' or '/'. A last row that was cut short is dropped and counted.
//
// Units: W, s, share 0..1, degrees Celsius. Errors (bad_input) name file, row and what was found.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/series.h"

namespace wattline::ledger::training {

struct DeviceTrace {
  std::string id, name;  // "0", "NVIDIA GeForce RTX 3090"
  Series power;  // W, in order of time, none twice
  std::vector<double> utilisation;  // of each sample, NaN unknown; empty: no column
  std::optional<double> limit;  // W, the largest seen
  std::optional<double> hottest, coldest;  // degrees Celsius
};

struct Trace {
  std::vector<DeviceTrace> devices;
  std::string style;  // how it was read, for people
  std::size_t rows = 0, cut = 0, unreadable = 0, duplicates = 0, backward = 0;
};
// A time as logs write it: a date of ISO 8601 (also with '/'), or seconds since some start.
std::optional<Time> read_instant(std::string_view cell);
Trace read_trace(std::string_view text, std::string_view where);

// Load of processors over time, for an estimate where power was not logged: time and a percentage.
struct LoadTrace {
  Series load;  // 0..1
};
LoadTrace read_load(std::string_view text, std::string_view where);

// Trapezoid over the samples (paper 37's spec: E = sum of (t[i+1] - t[i]) (P[i] + P[i+1]) / 2). A step longer than
// `gap_max` and five times the median step is a gap: the value before it is held, and what that adds stands apart.
struct TraceEnergy {
  double joules = 0, seconds = 0;  // gaps included
  double gap_joules = 0, gap_seconds = 0;
  std::size_t gaps = 0, samples = 0;
  double mean_watts = 0, max_watts = 0, sum_watts = 0;  // sum over samples: what some take for energy
  double median_step = 0;
};
TraceEnergy integrate(const Series& watts, double gap_max_seconds, std::optional<Time> begin = {},
                      std::optional<Time> end = {});

}  // namespace wattline::ledger::training
