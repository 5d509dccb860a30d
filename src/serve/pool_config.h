// What a configuration says of pools of upstreams: how one is chosen, watched, given up and asked again.
#pragma once

#include <cstdint>
#include <string>

#include "kernel/quantity.h"

namespace wattline::serve {

enum class BalancePolicy {
  least_outstanding,  // the fewest requests under way, for its weight
  weighted,  // in turn, in proportion to the weights
  latency,  // the least expected wait: time to the first byte times requests under way
};

// When a member of a pool is left out for a while (docs/formats/serve-config.md).
struct BreakerConfig {
  int failures = 5;  // one after the other; 0: never by this
  double error_rate = 0.5;  // of at least `requests` in `window`; 0: never by this
  int requests = 20;
  Duration window{10};
  Duration open_for{5}, open_most{300};  // the first time, and after ever more
  int probes = 1;  // at once, after that time
};

// Asked now and then whether it is there. An upstream without a path is not asked.
struct HealthConfig {
  std::string path;
  Duration interval{5}, timeout{2};
  int healthy_after = 2, unhealthy_after = 3;
};

// Where an engine tells its queue, for the balance. Without a path it is not read.
struct EngineMetricsConfig {
  std::string path;
  Duration interval{1};
};

struct RetryConfig {
  int most = -1;  // further tries of a question; -1: up to 2 where there is another member, else 0
  double budget = 0.2;  // retries for each request, in the long run
  Duration backoff{0.025}, backoff_most{1};  // before the same member is asked again; doubles, with jitter
  Duration retry_after_most{2};  // a longer Retry-After is told to the client instead of waited for
};

// A second member is asked when the first is slow; who answers first is handed on.
struct HedgeConfig {
  bool enabled = false;
  double quantile = 0.95;  // of the times to the first byte: what counts as slow
  Duration at_least{0.05};  // never before
  double budget = 0.05;  // hedges for each request, in the long run
};

struct BalanceConfig {
  BalancePolicy policy = BalancePolicy::least_outstanding;
  RetryConfig retry;
  HedgeConfig hedge;
};

}  // namespace wattline::serve
