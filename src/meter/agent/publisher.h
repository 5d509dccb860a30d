// What an agent tells the world of what it sees: at most once a second, rounded, with a bounded number of names.
//
// Energy read often and finely tells secrets of the programs that ran (PLATYPUS, CVE-2020-8694, CVE-2020-12912), so what
// is published is coarser than what is read: a second or more apart and whole tenths of a joule.
//
// Names are bounded: of each level the `top` consumers of late are named, and all others are one, "(other)". Who loses
// its name leaves what it had to "(other)", and who gets one begins at 0: so that no counter ever goes backwards, and
// the consumers of a level always add up to what the monitor attributed, ended ones included.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "meter/monitor/snapshot.h"

namespace wattline::meter {

inline constexpr std::string_view other_consumers = "(other)";

struct PublishSettings {
  std::size_t top = 20;  // consumers named of each level
  Energy rounding{0.1};
  Duration kept{120};  // how long an ended consumer keeps its name, so that every scrape sees its last joules
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
  // A process may change its name (exec) and stays the same one.
  using Key = std::tuple<std::string, int, std::int64_t>;
  struct Watched {
    double last = 0;  // J, of all domains
    double recent = 0;  // W, over about a minute
    bool named = false, told = false;
    Joules base{};  // at the time it was named
    Joules published{};
    std::optional<double> ended;  // s of the monitor's life
    std::uint64_t seen = 0;
  };
  struct LevelState {
    std::map<Key, Watched> watched;
    Joules other{}, before{}, gone{};  // gone: of consumers that are no longer told of, named or summed up
  };

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
  std::uint64_t version_ = 0;
};

}  // namespace wattline::meter
