// What the semantic cache has done since the start: it outlives configurations, so that no counter falls back.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

namespace wattline::serve {

struct SemanticCounts {
  enum Outcome { same_text, similar, audited, refused, miss, not_matched, outcomes };
  std::array<std::atomic<std::uint64_t>, outcomes> looks{};
  std::atomic<std::uint64_t> judged{0}, judged_wrong{0};  // hits that the model answered too
  std::atomic<std::uint64_t> called_wrong{0};  // by those who got them
  std::atomic<std::uint64_t> unlooked{0};  // for want of a free worker
  std::atomic<double> cpu_s{0};  // of all looks
};

}  // namespace wattline::serve
