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
  }
  return "?";
}

}  // namespace wattline::meter
