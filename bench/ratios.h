// Benchmarks that are told as ratios: each subject beside a limit that does the least work which the
// subject's result needs, over the same bytes, in the same run.
#pragma once

#include <unistd.h>

#include <cstdio>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>

namespace wattline::bench {

struct Ratio {
  std::string subject, limit;  // names of registered benchmarks
  std::string what;            // "a newline scan of the same bytes"
};

// The console table of Google Benchmark, while the best processor time of each benchmark is kept (each runs on
// one thread). With repetitions the best counts: on a busy machine noise only ever adds time.
class RatioReporter : public benchmark::ConsoleReporter {
 public:
  RatioReporter() : ConsoleReporter(isatty(STDOUT_FILENO) ? OO_Defaults : OO_Tabular) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const auto& run : runs) {
      if (run.run_type != Run::RT_Iteration || run.error_occurred) continue;
      const double seconds = run.GetAdjustedCPUTime() / benchmark::GetTimeUnitMultiplier(run.time_unit);
      auto [best, fresh] = best_.try_emplace(run.run_name.function_name, seconds);
      if (!fresh && seconds < best->second) best->second = seconds;
    }
  }
  void print(const std::vector<Ratio>& ratios) const {
    std::printf("\n");
    for (const auto& r : ratios) {
      const auto subject = best_.find(r.subject), limit = best_.find(r.limit);
      if (subject == best_.end() || limit == best_.end()) continue;  // left out by --benchmark_filter
      std::printf("%-28s takes %7.2f times %s\n", r.subject.c_str(), subject->second / limit->second, r.what.c_str());
    }
  }

 private:
  std::map<std::string, double> best_;
};

// The whole main of a benchmark program.
inline int run(int argc, char** argv, const std::vector<Ratio>& ratios) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  RatioReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  reporter.print(ratios);
  benchmark::Shutdown();
  return 0;
}

}  // namespace wattline::bench
