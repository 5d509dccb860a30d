// What an agent's joules cost each request of the upstreams that it measures.
//
// The agent tells of an interval when it is over. Its work, and its idle part for as long as a request was under way,
// are shared among the requests under way in it, alike per second: rate = joules / request-seconds. A request is
// charged the integral of the rates over its time.
//
// The end of a request lies behind the last interval told; that piece is charged at the recent rate, which is a
// forecast. What the forecast missed by is known when the interval is told, and is made good by the requests that come
// after, a quarter each interval: so that what is charged adds up to what the agent saw. What is left over when no
// request comes for a minute is no request's (State::unsettled).
//
// While the agent says nothing, or does not know, nothing is charged here (end() is empty) and the caller models.
// What the selection does while no request is under way is charged to nobody (State::elsewhere). Thread-safe.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>

#include "serve/metered/agent_part.h"

namespace wattline::serve {

class AgentShare {
 public:
  // `asked_every`: how often the agent is asked.
  explicit AgentShare(AgentSelection selection, Duration asked_every = Duration(1))
      : selection_(std::move(selection)), asked_every_(asked_every.base()) {}

  struct Ticket {
    double begin = 0;
  };
  struct Cost {
    Energy energy{0}, sd{0};
    bool measured = true;  // by counters; false: the agent models
  };
  // Instants are monotonic seconds.
  Ticket begin(double now);
  // Nothing: what the request drew is not known.
  std::optional<Cost> end(Ticket, double now);
  // The request came to nothing before it reached the machine: it bears nothing, and its seconds do not count.
  void drop(Ticket, double now);

  // Of an interval that is over, in order.
  void take(double begin, double end, const AgentPart&);
  // It did not answer, and why. What it told stands for a while: three of its intervals.
  void lost(std::string why);

  struct State {
    bool known = false;  // at `now`
    bool measured = true;
    double age = 0;  // s since the end of the last interval told; infinite: none was
    double watts = 0;  // in it, work and idle
    double charged = 0, elsewhere = 0, unsettled = 0, owed = 0;  // J: so far; `owed` is still to be made good
    std::string trouble;
  };
  State state(double now) const;
  const AgentSelection& selection() const { return selection_; }

 private:
  struct Mark {  // sums up to an instant
    double at = 0, request_s = 0, busy_s = 0;
  };
  struct Step {  // an interval told
    double begin, end, rate, spread;  // J per request-second; relative standard uncertainty
    bool known, measured;
  };
  struct Ahead {  // charged before its interval was told
    double begin, end, rate;
  };

  void settle(double now);
  void mark();
  Mark sums_at(double t) const;
  void forecast();
  bool is_stale(double now) const;

  const AgentSelection selection_;
  const double asked_every_;
  mutable std::mutex mutex_;
  int under_way_ = 0;
  Mark now_, last_end_;  // last_end_: at the end of the last step
  std::deque<Mark> marks_;  // of the time since the last step
  std::deque<Step> steps_;
  std::deque<Ahead> ahead_;
  bool has_rate_ = false, measured_ = true;
  double rate_ = 0, rate_spread_ = 0, extra_ = 0;  // forecast; extra: J per request-second that make good what is owed
  double weight_ = 0, mean_ = 0, squares_ = 0, step_request_s_ = 0;  // of recent steps' rates
  double owed_ = 0, busy_at_ = 0, watts_ = 0, carried_work_ = 0, carried_idle_ = 0;
  double charged_ = 0, elsewhere_ = 0, unsettled_ = 0;
  std::string trouble_ = "it was not heard yet";
};

}  // namespace wattline::serve
