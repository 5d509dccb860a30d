// What a tenant may use of one resource in one window of time, and what of it is used.
//
// Windows are those of the calendar in UTC (hour, day, month) or all time. A clock that is set back never
// gives a budget anew: what was used in the window at hand, and in the one before, stays counted in the
// window that it now is. Not thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/time.h"

namespace wattline::serve {

enum class Resource { energy, carbon, water, money, tokens };
inline constexpr std::size_t resource_count = 5;
std::string_view to_string(Resource);
// "J", "gCO2e", "L", "USD", "token": what amounts are in.
std::string_view unit_of(Resource);
// "2.5 kWh", "12.5 USD".
std::string amount_text(Resource, double);

enum class Window { hour, day, month, total };
std::string_view to_string(Window);

struct WindowSpan {
  Time begin, end;  // [begin, end); of all time: the first and the last there are
  bool operator==(const WindowSpan&) const = default;
  bool holds(Time t) const { return begin <= t && t < end; }
};
WindowSpan window_at(Window, Time);

struct BudgetConfig {
  Resource resource = Resource::energy;
  Window window = Window::month;
  double limit = 0;  // hard, in unit_of(resource)
  double soft = 0.8;  // of the limit: from there on answers warn; 1 is never
  bool operator==(const BudgetConfig&) const = default;
};

class Budget {
 public:
  explicit Budget(BudgetConfig config) : config_(config) {}

  enum class State {
    fine,
    soft,  // beyond the soft limit
    reserved,  // what is under way may use up the rest: ask again in a moment
    exhausted,  // until the window ends
  };
  State state(Time now);

  // What a request that is let in will use, as far as it can be told; given back when it is known.
  void reserve(double amount) { reserved_ += amount; }
  void release(double amount) { reserved_ = reserved_ > amount ? reserved_ - amount : 0; }
  void add(double amount, Time now);
  // Used earlier, as the ledger tells: counts where it was in the window that now is.
  void add_past(double amount, Time at, Time now);

  const BudgetConfig& config() const { return config_; }
  // Another limit of the same resource and window.
  void set_limits(double limit, double soft) {
    config_.limit = limit;
    config_.soft = soft;
  }
  double used(Time now);
  double reserved() const { return reserved_; }
  // When it begins anew; the last moment there is for all time.
  Time resets(Time now);

 private:
  void roll(Time now);

  BudgetConfig config_;
  WindowSpan span_{};  // empty before the first use
  double used_ = 0, reserved_ = 0;
  WindowSpan before_{};
  double used_before_ = 0;
};

}  // namespace wattline::serve
