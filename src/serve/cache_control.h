// What a client says of the cache with one request. `cache-control` as RFC 9111, section 5.2.1, has it:
// no-store (neither looked up nor kept), no-cache (not looked up, but kept: a refresh), max-age=SECONDS (not
// older), only-if-cached (504 where there is none); what else stands there is left alone, as the RFC asks.
// `x-wattline-cache: on` asks for an answer that may be an earlier one although its temperature is not 0;
// `off` is no-store.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "serve/api_error.h"

namespace wattline::serve {

struct CacheWish {
  bool on = false;  // also what is drawn by chance
  bool look = true, keep = true;
  bool only_if_cached = false;
  std::int64_t max_age_ns = INT64_MAX;
};

// One header line's value after another; the later adds to the earlier. An error where a value of ours is
// not one of those.
void read_cache_control(CacheWish&, std::string_view value);
std::optional<ApiError> read_wattline_cache(CacheWish&, std::string_view value);

}  // namespace wattline::serve
