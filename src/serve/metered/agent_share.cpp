#include "serve/metered/agent_share.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace wattline::serve {
namespace {

constexpr double between_marks = 0.01;  // s: how finely the requests under way are remembered
constexpr double remembered = 700;  // s of steps: longer than a request may take
constexpr double most_unknown = 0.1;  // of a request's time
constexpr double made_good = 0.25;  // of what is owed, each interval
constexpr double decay = 0.7;  // of a step's weight in the forecast, each step
constexpr double forgiven_after = 60;  // s without a request
constexpr std::size_t most_ahead = 50'000, most_marks = 20'000;

}  // namespace

void AgentShare::settle(double now) {
  const double passed = std::max(0.0, now - now_.at);
  now_.request_s += passed * under_way_;
  now_.busy_s += under_way_ > 0 ? passed : 0;
  now_.at = std::max(now_.at, now);
  if (marks_.empty() || now_.at - marks_.back().at >= between_marks) mark();
}

void AgentShare::mark() {
  marks_.push_back(now_);
  if (marks_.size() > most_marks) marks_.pop_front();
}

AgentShare::Mark AgentShare::sums_at(double t) const {
  if (t <= last_end_.at) return last_end_;
  if (t >= now_.at) return now_;
  const auto after =
      std::upper_bound(marks_.begin(), marks_.end(), t, [](double x, const Mark& m) { return x < m.at; });
  const Mark& b = after == marks_.end() ? now_ : *after;
  const Mark& a = after == marks_.begin() ? last_end_ : *std::prev(after);
  if (!(b.at > a.at)) return b;
  const double share = std::clamp((t - a.at) / (b.at - a.at), 0.0, 1.0);
  return {t, a.request_s + share * (b.request_s - a.request_s), a.busy_s + share * (b.busy_s - a.busy_s)};
}

bool AgentShare::is_stale(double now) const {
  if (steps_.empty()) return true;
  const double usual = std::min(60.0, steps_.back().end - steps_.back().begin);
  return now - steps_.back().end > 3 * (asked_every_ + usual);
}

AgentShare::Ticket AgentShare::begin(double now) {
  std::lock_guard lock(mutex_);
  settle(now);
  if (under_way_++ == 0) mark();  // what was before is nobody's
  return {now};
}

std::optional<AgentShare::Cost> AgentShare::end(Ticket ticket, double now) {
  std::lock_guard lock(mutex_);
  settle(now);
  under_way_ = std::max(0, under_way_ - 1);
  if (under_way_ == 0) mark();  // and so is what comes after
  busy_at_ = now_.at;
  if (!has_rate_ || !steps_.back().known || is_stale(now)) return std::nullopt;
  const double begin = std::min(ticket.begin, now), last = steps_.back().end;
  double joules = 0, sd = 0, unknown = std::clamp(steps_.front().begin - begin, 0.0, now - begin);
  bool measured = measured_;
  // Mostly the last ones: requests are short.
  for (auto s = steps_.rbegin(); s != steps_.rend() && s->end > begin; ++s) {
    const double overlap = std::min(now, s->end) - std::max(begin, s->begin);
    if (overlap <= 0) continue;
    if (!s->known) unknown += overlap;
    joules += s->rate * overlap;
    sd += s->rate * overlap * s->spread;
    measured = measured && s->measured;
  }
  if (unknown > most_unknown * (now - begin)) return std::nullopt;
  if (now > last) {
    const double from = std::max(begin, last), overlap = now - from;
    joules += (rate_ + extra_) * overlap;
    sd += rate_ * overlap * rate_spread_;
    owed_ -= extra_ * overlap;
    if (ahead_.size() < most_ahead) ahead_.push_back({from, now, rate_});
  }
  charged_ += joules;
  return Cost{Energy(joules), Energy(sd), measured};
}

void AgentShare::drop(Ticket ticket, double now) {
  std::lock_guard lock(mutex_);
  settle(now);
  under_way_ = std::max(0, under_way_ - 1);
  // Of the time since the last interval: what was told before is shared out.
  const double begin = std::max(ticket.begin, last_end_.at);
  for (auto& m : marks_) m.request_s -= std::max(0.0, m.at - begin);
  now_.request_s -= std::max(0.0, now_.at - begin);
  mark();
}

void AgentShare::take(double begin, double end, const AgentPart& part) {
  std::lock_guard lock(mutex_);
  settle(std::max(now_.at, end));
  trouble_ = part.trouble;
  // What could not be put into time is of the interval that follows.
  const double work = part.work + std::exchange(carried_work_, 0.0),
               idle = part.idle + std::exchange(carried_idle_, 0.0);
  const double last = steps_.empty() ? -std::numeric_limits<double>::infinity() : steps_.back().end;
  // The two clocks are compared anew with each answer, to some milliseconds.
  begin = std::max(begin, last);
  if (!(end > begin)) {
    carried_work_ = work;
    carried_idle_ = idle;
    return;
  }
  constexpr double jitter = 0.25;
  const bool gap = !steps_.empty() && begin - last > jitter;
  if (gap) steps_.push_back({last, begin, rate_, rate_spread_, false, measured_});
  else if (!steps_.empty()) begin = last;
  const Mark from = steps_.empty() || gap ? sums_at(begin) : last_end_, to = sums_at(end);
  const double request_s = to.request_s - from.request_s, busy_s = to.busy_s - from.busy_s;
  const double busy = std::clamp(busy_s / (end - begin), 0.0, 1.0);
  const double joules = work + idle * busy;
  const bool known = part.trouble.empty();
  double rate = 0;
  if (!known) rate = rate_;
  else if (request_s > 0) rate = joules / request_s;
  steps_.push_back({begin, end, rate, known ? part.spread : rate_spread_, known, known ? part.measured : measured_});
  while (!steps_.empty() && steps_.front().end < end - remembered) steps_.pop_front();

  std::deque<Ahead> left;
  for (auto& a : ahead_) {
    if (known) owed_ += (rate - a.rate) * std::max(0.0, std::min(end, a.end) - std::max(begin, a.begin));
    if (a.end > end) left.push_back({std::max(end, a.begin), a.end, a.rate});
  }
  ahead_.swap(left);
  last_end_ = to;
  while (!marks_.empty() && marks_.front().at <= end) marks_.pop_front();
  if (!known) return;

  measured_ = part.measured;
  watts_ = (work + idle) / (end - begin);
  if (request_s > 0) {
    weight_ = weight_ * decay + request_s;
    const double off = rate - mean_;
    mean_ += off * request_s / weight_;
    squares_ = squares_ * decay + request_s * off * (rate - mean_);
    step_request_s_ = step_request_s_ > 0 ? decay * step_request_s_ + (1 - decay) * request_s : request_s;
    rate_ = mean_;
    const double scatter = mean_ > 0 ? std::sqrt(squares_ / weight_) / mean_ : 0;
    rate_spread_ = std::hypot(scatter, part.spread);
    has_rate_ = true;
    busy_at_ = std::max(busy_at_, end);
  } else {
    elsewhere_ += work;
  }
  if (under_way_ == 0 && end - busy_at_ > forgiven_after) unsettled_ += std::exchange(owed_, 0.0);
  // Never so much that a request would be charged less than half or more than twice of what it is thought to draw.
  extra_ = step_request_s_ > 0 ? std::clamp(made_good * owed_ / step_request_s_, -0.5 * rate_, rate_) : 0;
}

void AgentShare::lost(std::string why) {
  std::lock_guard lock(mutex_);
  trouble_ = std::move(why);
}

AgentShare::State AgentShare::state(double now) const {
  std::lock_guard lock(mutex_);
  State out;
  out.known = has_rate_ && steps_.back().known && !is_stale(now);
  out.measured = measured_;
  out.age = steps_.empty() ? std::numeric_limits<double>::infinity() : std::max(0.0, now - steps_.back().end);
  out.watts = watts_;
  out.charged = charged_;
  out.elsewhere = elsewhere_;
  out.unsettled = unsettled_;
  out.owed = owed_;
  out.trouble = trouble_;
  return out;
}

}  // namespace wattline::serve
