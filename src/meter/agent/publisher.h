// What an agent tells the world of what it sees: at most once a second, rounded, with a bounded number of names.
//
// Energy read often and finely tells secrets of the programs that ran (PLATYPUS, CVE-2020-8694, CVE-2020-12912), so what
// is published is coarser than what is read: a second or more apart and whole tenths of a joule.
//
// Names are bounded: of each level the `top` consumers of late are named, at most as many that ended or were overtaken
// are told for a while yet, and all others are one, "(other)". Who gets a
// name begins at 0, and what it used before stays with "(other)"; who loses it leaves what was told under it to "(once
// named)". So no counter ever goes backwards; what the named ones and "(other)" rise by is what the monitor attributed,
// each joule once; and with "(once named)" they add up to all of it, ended ones included. No two of a publication have
// the same name, number and place.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "meter/monitor/snapshot.h"

namespace wattline::meter {

inline constexpr std::string_view other_consumers = "(other)";
// Was told as it rose, under names that are gone: for sums at an instant, and not for rates.
inline constexpr std::string_view once_named = "(once named)";

struct PublishSettings {
  std::size_t top = 20;  // consumers named of each level
  Energy rounding{0.1};
  Duration resolution{0};  // between two publications, to be told to those who read them; 0: not known
  Duration kept{
      120};  // how long one that ended or was overtaken is told yet, so that every scrape sees its last joules
};

// Of the agent itself.
struct AgentUse {
  double cpu_seconds = 0;
  std::uint64_t resident_bytes = 0;
  std::uint64_t late = 0;  // ticks that came more than an interval late
  Estimate<Energy> energy;  // of its CPU time
};

struct Published {
  std::string host, instance;  // instance: of this run of the agent, so that a restart shows
  std::uint64_t version = 0;  // counts publications from 1
  Duration interval{1};  // of reading
  Duration resolution{0};  // of publishing; 0: not told
  Time counted_since;  // when the counters were 0, told alike in all publications of a run while the clock goes forward
  Snapshot seen;  // rounded; consumers named ones and "(other)"; components' watts are means since the last publication
  AgentUse own;
};
using PublishedPtr = std::shared_ptr<const Published>;

class Publisher {
 public:
  Publisher(PublishSettings, std::string host, std::string instance);
  PublishedPtr publish(Snapshot, AgentUse, Duration interval);
  void change(const PublishSettings& s) { settings_ = s; }

 private:
  using Joules = std::array<double, domain_count>;
  struct Watched {
    double last = 0;  // J, of all domains
    double recent = 0;  // W, over about a minute
    bool named = false, told = false;
    Joules base{};  // at the time it was named
    Joules mine{};  // since then, as last told; not rounded
    Joules published{};
    Time since{};  // when it was named; 0: at the first publication
    std::optional<double> leaves;  // since then, s of the monitor's life; its place is another's
    std::uint64_t seen = 0;
    std::size_t place = 0;  // among the consumers of this publication
  };
  struct LevelState {
    std::map<ConsumerIdentity, Watched> watched;
    Joules other{}, before{};
    Joules gone{};  // of consumers that the monitor no longer tells of, not even summed up
    Joules once{};  // told under names that are gone
  };
  struct Candidate {
    Consumer* consumer;
    Watched* watched;
  };
  std::vector<Candidate> candidates(LevelState&, std::vector<Consumer*>&, double seconds);
  void give_names(std::vector<Candidate>&);
  static void forget_name(LevelState&, Watched&);

  void name_consumers(Snapshot&, double seconds);
  void name_level(Level, std::vector<Consumer*>&, double seconds, std::vector<Consumer>& out);
  void round(Snapshot&);
  void mean_watts(Snapshot&);

  PublishSettings settings_;
  const std::string host_, instance_;
  std::map<Level, LevelState> levels_;
  std::map<std::string, double> floor_;  // what each counter was last told as: none goes backwards
  std::map<std::string, std::tuple<double, double>> last_components_;  // J, missing s
  double lived_ = 0;  // s of the monitor's life, at the last publication
  Time now_{}, counted_since_{};
  std::uint64_t version_ = 0;
};

}  // namespace wattline::meter
