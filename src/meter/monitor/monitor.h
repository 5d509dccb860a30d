// Watches a machine tick by tick: what its components draw, and whose work that is.
//
// The energy of a domain is split into idle (what the machine draws without work), the shares of the processes by what
// they did in the tick, and the rest, which is nobody's (snapshot.h). The processor's and the memory's joules are shared
// out by CPU time, a GPU's by what its driver tells of its processes. Where the processor has no counter its power is modelled from its load, and the snapshot says so.
//
// There is no thread inside: the owner calls tick() at about the interval of the settings, from one thread at a time;
// snapshot() may not run at the same time.
#pragma once

#include <functional>
#include <memory>

#include "catalog/catalog.h"
#include "meter/attribution/cpu_times.h"
#include "meter/attribution/exit_listener.h"
#include "meter/attribution/gpu_users.h"
#include "meter/attribution/sharing.h"
#include "meter/monitor/snapshot.h"

namespace wattline::meter {

// Who bears what the machine draws without work.
enum class IdlePolicy {
  nobody,  // it stays idle
  by_share,  // whoever works, by the same shares as the rest; without work it stays idle
  by_reservation,  // containers and jobs with a limit of CPU time by that limit; the rest stays idle
};

struct MonitorSettings {
  Roots roots;
  Duration interval{1};
  bool processes = true;  // false: components alone
  std::size_t most_ended = 1000;  // consumers that ended and are kept by name, of each level
  Sharing sharing = Sharing::cpu_time;
  IdlePolicy idle = IdlePolicy::nobody;  // of the processor and the memory; what is borne is with its bearers then
};

// What a monitor takes its instants from; all in nanoseconds.
struct Instant {
  std::int64_t boot_ns = 0;  // goes on while the machine sleeps
  std::int64_t awake_ns = 0;  // stands still while it sleeps
  Time utc;
};

// What tests put in the place of the machine's own.
struct MonitorParts {
  Found sources;
  std::function<Instant()> clock;
  std::unique_ptr<CpuTimes> times;  // null: as the tree has it
  std::unique_ptr<ExitListener> exits;  // null: the machine's own, where there is one
  std::unique_ptr<EventCounts> events;  // null: the machine's own, where they are wanted and there are some
  std::unique_ptr<GpuUsers> gpu_users;  // null: the driver's, where there is one
};

class Monitor {
 public:
  Monitor(const MonitorSettings&, const catalog::Catalog&);
  Monitor(const MonitorSettings&, const catalog::Catalog&, MonitorParts);
  ~Monitor();
  Monitor(Monitor&&) noexcept;

  void tick();  // the first one is the beginning
  Snapshot snapshot() const;
  // From now on tick() comes so often. To be called where tick() is.
  void change_interval(Duration);

 private:
  class Watch;
  std::unique_ptr<Watch> watch_;
};

}  // namespace wattline::meter
