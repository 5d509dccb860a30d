// Joules of one source, tick by tick.
//
// Counters: the rise since the reading before, wraps put right; a reset, or a counter that does not move while the
// machine runs, is a gap. A reading that fails is bridged when the next good one follows soon, since the counter went
// on. Sensors: the trapezoid between two readings, nothing across more than three intervals. What is not known is
// missing and never a zero.
//
// Idle power is the least that was seen over a second, or what is known of the device, whichever is less: a machine that
// never rested says too much, and a general figure may.
#pragma once

#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "catalog/catalog.h"
#include "meter/counter_steps.h"
#include "meter/monitor/snapshot.h"

namespace wattline::meter {

class ComponentMeter {
 public:
  // `known_idle`: W, of the device by the catalog or the model; absent: unknown.
  ComponentMeter(std::unique_ptr<Source>, const catalog::Catalog&, std::optional<double> known_idle);

  struct Step {
    bool known = false;
    double joules = 0, idle = 0;  // of this tick
    double earlier = 0, earlier_idle = 0;  // of ticks before in which the counter could not be read
  };
  // `at_ns`: now on a clock that does not stop; `interval`: the tick's usual length.
  Step step(std::int64_t at_ns, Duration interval);
  // The machine slept, or the world changed: what was between is not known.
  void lose(std::int64_t at_ns);

  const SourceInfo& info() const { return source_->info(); }
  ComponentSeen seen() const;
  Estimate<Energy> idle() const;  // of the time covered
  Duration covered() const { return Duration(covered_); }

 private:
  Step of_counter(std::int64_t at_ns, double value, double seconds, double limbo);
  void begin_at(std::int64_t at_ns, double value);
  double take_idle(double seconds, double joules);
  void observe(double joules, double seconds);
  void gap(double seconds, std::string why);

  std::unique_ptr<Source> source_;
  double gain_ = 1, gain_sd_ = 0;
  std::optional<double> known_idle_;
  double least_ = std::numeric_limits<double>::infinity();  // W
  std::optional<CounterSteps> steps_;
  std::optional<double> last_;  // reading
  std::int64_t last_ns_ = 0, tick_ns_ = 0;  // of the last good reading, of the last step
  double still_ = 0;  // s for which the counter has not moved
  bool last_moved_ = true;  // false: it is known to stand still
  double owed_idle_ = 0, window_joules_ = 0, window_seconds_ = 0;
  double joules_ = 0, idle_ = 0, covered_ = 0, missing_ = 0, watts_ = std::numeric_limits<double>::quiet_NaN();
  std::size_t ambiguous_ = 0;
  std::string trouble_;
};

}  // namespace wattline::meter
