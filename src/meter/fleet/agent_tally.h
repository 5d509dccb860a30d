// What one agent's snapshots, pulled now and then, add up to. Of counters only differences are taken:
//   of one run of the agent the difference of two snapshots, however many pulls failed in between;
//   after a restart all that the new run tells, and the time between is a gap.
// While an agent cannot be reached, or tells nothing new for long, nothing is known: its power is absent, and never 0.
// Instants are the agent's, put on our clock by how far its clock is from ours.
//
// A new run that began before the last one was heard is no restart but another agent at the same address (behind a
// balancer of load): that is a trouble, and its counters are added to nothing.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "meter/agent/publisher.h"

namespace wattline::meter {

// One question answered, and when by our clock.
struct PulledSnapshot {
  Published told;
  Time asked, answered;
  std::optional<Time> agent_clock;  // by the agent's clock, at the answer
};

class AgentTally {
 public:
  void take(const PulledSnapshot&);
  void lost(std::string why) { trouble_ = std::move(why); }

  // Since the first snapshot taken.
  struct Seen {
    Estimate<Energy> energy, idle;  // of the components that count; of the domains that have an idle part
    std::map<std::string, Estimate<Energy>> components;
    std::optional<Power> power;  // mean between the last two snapshots; absent without two, or while it is lost
    Duration covered{0}, missing{0};
    Time begin, end;  // by our clock
    std::size_t restarts = 0;
    // How old, by the agent's clock, what it told last was when it was last asked; absent where it tells no clock.
    std::optional<Duration> age;
  };
  Seen seen() const;
  const std::optional<Published>& last() const { return last_; }
  const std::string& trouble() const { return trouble_; }
  // How much the agent's clock is ahead of ours, and how well that is known (95 %: half the round trip).
  std::optional<Duration> clock_ahead() const { return ahead_; }
  Duration clock_uncertainty() const { return ahead_within_; }

 private:
  Time ours(Time of_agent) const { return ahead_ ? of_agent + -*ahead_ : of_agent; }
  bool is_another(const PulledSnapshot&, std::optional<Duration> its_clock_ahead, Duration within) const;
  void note_age(const PulledSnapshot&);

  std::optional<Published> last_;
  Seen seen_;
  std::string trouble_;
  std::optional<Duration> ahead_;
  Duration ahead_within_{0};
  Duration between_{0};  // its publications
};

}  // namespace wattline::meter
