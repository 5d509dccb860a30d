#include "meter/monitor/component_meter.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace wattline::meter {
namespace {

constexpr double idle_window = 1;  // s over which the least power is looked for
constexpr double most_owed = 2;  // s of idle power a counter with long steps may be behind
constexpr double unread = std::numeric_limits<double>::quiet_NaN();

}  // namespace

ComponentMeter::ComponentMeter(std::unique_ptr<Source> source, const catalog::Catalog& catalog,
                               std::optional<double> known_idle)
    : source_(std::move(source)), known_idle_(known_idle) {
  if (info().gain.empty()) return;
  const auto gain = catalog.factor(info().gain).estimate();
  gain_ = gain.value();
  gain_sd_ = gain.sd();
}

void ComponentMeter::gap(double seconds, std::string why) {
  missing_ += seconds;
  trouble_ = std::move(why);
  watts_ = unread;
  last_.reset();
  window_joules_ = window_seconds_ = owed_idle_ = still_ = 0;
}

void ComponentMeter::lose(std::int64_t at_ns) {
  if (tick_ns_ != 0) gap(static_cast<double>(at_ns - (last_ ? last_ns_ : tick_ns_)) * 1e-9, {});
  tick_ns_ = last_ns_ = at_ns;
  if (const auto value = source_->read(); value && std::isfinite(*value)) begin_at(at_ns, *value);
}

void ComponentMeter::begin_at(std::int64_t at_ns, double value) {
  // A counter whose last step could not be used begins anew here.
  if (!last_ && info().kind == SourceKind::energy) {
    steps_.emplace(info().range, info().most, info().update);
    steps_->next(at_ns, value);
  }
  last_ = value;
  last_ns_ = at_ns;
}

void ComponentMeter::observe(double joules, double seconds) {
  window_joules_ += joules;
  window_seconds_ += seconds;
  // A counter that stands still says nothing of power until it moves again.
  if (joules <= 0 || window_seconds_ < std::max(idle_window, 10 * info().update.base())) return;
  const double mean = window_joules_ / window_seconds_;
  // What was owed by a base that was too high is owed no more.
  if (mean < least_) owed_idle_ = 0;
  least_ = std::min(least_, mean);
  window_joules_ = window_seconds_ = 0;
}

double ComponentMeter::take_idle(double seconds, double joules) {
  const double base = std::min(least_, known_idle_.value_or(std::numeric_limits<double>::infinity()));
  if (!std::isfinite(base)) return joules;  // before the first second is over nothing tells work from rest
  owed_idle_ = std::min(owed_idle_ + base * seconds, base * std::max(seconds, most_owed));
  const double taken = std::min(owed_idle_, joules);
  owed_idle_ -= taken;
  return taken;
}

ComponentMeter::Step ComponentMeter::of_counter(std::int64_t at_ns, double value, double seconds, double limbo) {
  const SourceInfo& i = info();
  const CounterSteps::Step step = steps_->next(at_ns, value);
  if (!step.known) {
    gap(seconds, "the counter started anew, or jumped further than any power explains");
    return {};
  }
  if (step.least) ++ambiguous_;
  const double rise = step.joules;
  still_ = rise > 0 ? 0 : still_ + seconds;
  if (rise > 0) last_moved_ = true;
  if (still_ > std::max(2.0, 20 * i.update.base())) {
    const double silent = still_;
    if (last_moved_) {
      // What stood still so far was taken for covered.
      const double before = std::min(covered_, silent - seconds);
      covered_ -= before;
      missing_ += before;
      last_moved_ = false;
    }
    gap(seconds, "the counter does not move");
    still_ = silent;
    return {};
  }
  Step out;
  out.known = true;
  const double all = rise * gain_, part = seconds > 0 ? (seconds - limbo) / seconds : 1;
  observe(all, seconds);
  out.joules = all * part;
  out.earlier = all - out.joules;
  const double idle = take_idle(seconds, all);
  out.idle = std::min(idle * part, out.joules);
  out.earlier_idle = std::min(idle - out.idle, out.earlier);
  return out;
}

ComponentMeter::Step ComponentMeter::step(std::int64_t at_ns, Duration interval) {
  const auto value = source_->read();
  const double tick = tick_ns_ == 0 ? 0 : static_cast<double>(at_ns - tick_ns_) * 1e-9;
  const double seconds = last_ ? static_cast<double>(at_ns - last_ns_) * 1e-9 : tick;
  tick_ns_ = at_ns;
  const bool counter = info().kind == SourceKind::energy;
  const double bridge = std::max(3 * interval.base(), counter ? 5.0 : 3 * info().update.base());
  if (!value || !std::isfinite(*value)) {
    std::string why = source_->trouble().empty() ? "cannot be read" : source_->trouble();
    watts_ = unread;
    // As long as it may be bridged nothing is lost yet.
    if (!last_) missing_ += tick;
    else if (seconds > bridge) gap(seconds, why);
    trouble_ = std::move(why);
    return {};
  }
  Step out;
  if (!last_ || seconds < 0) {
    missing_ += tick;
  } else if (counter) {
    out = of_counter(at_ns, *value, seconds, seconds - tick);
  } else if (seconds <= bridge) {
    out.known = true;
    const double joules = (*last_ + *value) / 2 * seconds * gain_, part = seconds > 0 ? tick / seconds : 1;
    observe(joules, seconds);
    const double idle = take_idle(seconds, joules);
    out.joules = joules * part;
    out.earlier = joules - out.joules;
    out.idle = std::min(idle * part, out.joules);
    out.earlier_idle = std::min(idle - out.idle, out.earlier);
  } else {
    gap(seconds, "read too rarely");
  }
  if (out.known) {
    joules_ += out.joules + out.earlier;
    idle_ += out.idle + out.earlier_idle;
    covered_ += seconds;
    watts_ = tick > 0 ? out.joules / tick : unread;
  }
  if (out.known) trouble_.clear();
  begin_at(at_ns, *value);
  return out;
}

ComponentSeen ComponentMeter::seen() const {
  ComponentSeen out;
  out.info = info();
  const Method method = info().modelled ? Method::modelled : Method::measured;
  RawEstimate raw(joules_, 0, method, fmt::format("{} ({})", info().family, info().where));
  RawEstimate of_gain(0, joules_ * gain_sd_, method, info().family);
  of_gain.attribute_to(info().gain);
  out.energy = Estimate<Energy>(RawEstimate::sum(raw, of_gain, 1));
  out.watts = watts_;
  out.missing = Duration(missing_);
  out.trouble = trouble_;
  if (trouble_.empty() && ambiguous_ > 0)
    out.trouble =
        fmt::format("{} readings lie so far apart that the counter may have wrapped unseen: at least this", ambiguous_);
  return out;
}

Estimate<Energy> ComponentMeter::idle() const {
  // Between nothing known better than the least that was seen, and what a general figure says.
  const double seen = std::isfinite(least_) ? least_ : known_idle_.value_or(0);
  const double other = known_idle_.value_or(seen);
  const double used = covered_ > 0 ? idle_ / covered_ : 0;
  const double half = std::max(std::abs(seen - used), std::abs(other - used));
  return Estimate<Energy>::within(Energy(idle_), Energy(std::max(0.0, used - half) * covered_),
                                  Energy((used + half) * covered_), Method::modelled, "least power seen");
}

}  // namespace wattline::meter
