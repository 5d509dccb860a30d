#include "meter/monitor/snapshot.h"

namespace wattline::meter {

std::string_view to_string(Level level) {
  switch (level) {
    case Level::process: return "process";
    case Level::container: return "container";
    case Level::pod: return "pod";
    case Level::user: return "user";
    case Level::job: return "job";
    case Level::gpu_process: return "gpu_process";
    case Level::gpu_slice: return "gpu_slice";
    case Level::service: return "service";
  }
  return "?";
}

ConsumerIdentity identity_of(const Consumer& c) {
  const bool by_place = c.pid == 0 || c.level == Level::gpu_process;
  return {c.pid ? std::string() : c.name, by_place ? c.detail : std::string(), c.pid, c.started};
}

}  // namespace wattline::meter
