// Whether a question that failed is asked again, when, and how many may be: pure rules.
//
// Only what has not begun to reach the client is asked again. So that retries do not multiply a storm,
// they draw on a budget that requests fill: for each request a share of a retry (Finagle's retry budget),
// and a few in hand for quiet times.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string_view>

#include "serve/pool_config.h"

namespace wattline::serve {

class TryBudget {
 public:
  // `share` of a token comes with each request, up to `most` tokens; `in_hand` there are at the start, and
  // so many come back by themselves within 10 s.
  TryBudget(double share, double in_hand, double most = 100);
  void deposit();  // for a request
  bool withdraw(std::int64_t now_ns);

 private:
  static constexpr std::int64_t token = 1'000'000;
  std::int64_t share_, in_hand_, most_;
  std::atomic<std::int64_t> held_, refilled_ns_{0};
};

// What failed, as far as it matters here.
struct Failure {
  bool reached = true;  // false: no connection came about
  int status = 502;  // of the upstream's own reply, or what the gateway made of the failure
  bool told = false;  // by the upstream, as the status of a reply
  bool sent = true;  // false: the question cannot be put to it, whatever its state
};
// Our key is no good there, which is nothing to the client.
bool refuses_key(const Failure&);
// Whether another try may do better: no connection, no or a broken reply, 429, 502, 503, 504; a key that is
// refused, elsewhere.
bool worth_another(const Failure&);
// Whether it speaks against the member: not what it refuses for good reasons, nor that it is busy (429).
bool speaks_against(const Failure&);

// Before the n-th retry (from 0) of the same member: doubling, evenly from half of it to all of it.
Duration backoff(const RetryConfig&, int n, std::uint64_t& random);

// "120" or an HTTP date (RFC 9110, 10.2.3), as the time from `now_unix_s`; not below 0, nothing when it is
// neither.
std::optional<Duration> read_retry_after(std::string_view, std::int64_t now_unix_s);

}  // namespace wattline::serve
