#include <cstdint>
#include <vector>

#include "meter/attribution/environment_job.h"

// Whatever a process puts into its environment: what comes out is a number.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string job = wattline::meter::parse_environment_job({reinterpret_cast<const char*>(data), size});
  if (job.size() > 19) __builtin_trap();
  for (const char c : job)
    if (c < '0' || c > '9') __builtin_trap();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  using namespace std::string_literals;
  return {"PATH=/bin\0SLURM_JOB_ID=4711\0"s, "SLURM_JOBID=1\0SLURM_JOB_ID=\0"s, "=\0\0A"s};
}
