// SIGHUP, as services of all kinds understand it: read the configuration again.
#pragma once

#include <atomic>
#include <csignal>

namespace wattline {

// Listens as long as it lives; one at a time.
class ReloadSignal {
 public:
  ReloadSignal() : before_((asked_ = false, std::signal(SIGHUP, [](int) { asked_ = true; }))) {}
  ~ReloadSignal() { std::signal(SIGHUP, before_); }
  ReloadSignal(const ReloadSignal&) = delete;
  ReloadSignal& operator=(const ReloadSignal&) = delete;

  // Whether it came since this was last asked.
  bool take() { return asked_.exchange(false); }

 private:
  static inline std::atomic<bool> asked_{false};
  void (*before_)(int);
};

}  // namespace wattline
