// What a second of CPU time, a cycle and a cache miss cost on this machine, learned from its counter while it runs: the
// power above idle as a sum of signals with coefficients that are not negative, fitted to the last ticks and fitted
// anew when it is off by more than 2 W for a while (after SmartWatts, Fieni, Rouvoy, Seinturier, arXiv:2001.02505, which
// fits events by frequency; frequencies are not told apart here).
#pragma once

#include <array>
#include <cstddef>
#include <deque>

namespace wattline::meter {

class PowerFit {
 public:
  static constexpr std::size_t signals = 3;  // CPU seconds, cycles, cache misses
  using Signals = std::array<double, signals>;

  // A tick of so many seconds: the machine's sums of signals, and the joules above idle.
  void add(const Signals&, double joules, double seconds);
  // Enough was seen, and the fit holds.
  bool usable() const { return fitted_ && coefficients_ != Signals{}; }
  // Joules of a piece of work by the fit.
  double joules(const Signals&) const;
  // Half of the 95 % interval of a tick by its residuals, relative to the mean.
  double spread() const { return spread_; }
  std::size_t fits() const { return fits_; }

 private:
  static constexpr std::size_t most_ticks = 300, least_ticks = 30;
  struct Tick {
    Signals x;
    double joules;
  };
  void fit();

  std::deque<Tick> ticks_;
  Signals coefficients_{};
  double error_ = 0;  // W, a running mean
  double spread_ = 1;
  bool fitted_ = false;
  std::size_t since_fit_ = 0, fits_ = 0;
};

}  // namespace wattline::meter
