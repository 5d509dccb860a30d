// Counts of the processor's own events by process (perf_event_open): cycles and cache misses, all its threads together.
//
// Needs CAP_PERFMON, or kernel.perf_event_paranoid of at most 1 for one's own processes and -1 for others'; virtual
// machines mostly have none. A process is counted from its first question on, so that only those that work cost
// descriptors (two a thread).
#pragma once

#include <memory>
#include <optional>
#include <string>

namespace wattline::meter {

struct EventDelta {
  double cycles = 0, misses = 0;
};

class EventCounts {
 public:
  virtual ~EventCounts() = default;
  // Since the question before; nothing at the first, and where the process may not be counted.
  virtual std::optional<EventDelta> since_last(int pid) = 0;
  virtual void forget(int pid) = 0;
};

enum class EventKind {
  hardware,
  software,  // for machines without the former, in tests: the clock of the task in ns, and its page faults
};
// Nothing with `why` where nothing can be counted. `most_open`: descriptors.
std::unique_ptr<EventCounts> perf_counts(std::string& why, std::size_t most_open, EventKind = EventKind::hardware);

}  // namespace wattline::meter
