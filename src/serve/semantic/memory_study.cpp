#include "serve/semantic/memory_study.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernel/cpu_energy.h"
#include "serve/canonical_key.h"
#include "serve/exact_cache.h"

namespace wattline::serve {
namespace {

// Of a kept label: what ExactCache counts for an entry whose text is the label.
constexpr std::size_t entry_bytes = 544;

}  // namespace

std::vector<std::string> made_up_samples(std::size_t samples, std::size_t bytes, std::mt19937_64& random) {
  std::vector<std::string> out(samples);
  std::uint64_t number = 0;
  for (auto& s : out) {
    s.resize(std::max(bytes, sizeof number));
    for (char& c : s) c = static_cast<char>(random() & 0xff);
    std::memcpy(s.data(), &number, sizeof number);
    ++number;
  }
  return out;
}

std::vector<std::uint32_t> duplicated_stream(std::size_t samples, double ratio, std::mt19937_64& random) {
  std::vector<std::uint32_t> once(samples), out;
  std::iota(once.begin(), once.end(), 0u);
  for (double left = 1 + ratio; left > 0; left -= 1) {
    const auto n = static_cast<std::size_t>(std::lround(std::min(left, 1.0) * static_cast<double>(samples)));
    std::shuffle(once.begin(), once.end(), random);
    out.insert(out.end(), once.begin(), once.begin() + static_cast<std::ptrdiff_t>(n));
  }
  std::shuffle(out.begin(), out.end(), random);
  return out;
}

MemoryRun run_memory(std::span<const std::string> samples, std::span<const std::uint32_t> stream, double room) {
  ExactCacheOptions options;
  options.shards = 1;
  const double entries = std::max(8.0, room * static_cast<double>(samples.size()));
  options.bytes = static_cast<std::size_t>(entries * static_cast<double>(entry_bytes));
  ExactCache memory(options);
  CacheKeys keys;
  MemoryRun out;
  CanonicalRequest request;
  std::int64_t now = 0;
  for (const std::uint32_t i : stream) {
    const std::string label = std::to_string(i);
    request.text = samples[i];
    ++out.inputs;
    ++now;
    const double before = thread_cpu_time().base();
    const CacheKey key = keys.of("", request);
    const auto found = memory.find(key, now);
    if (found.reply) {
      ++out.hits;
      out.wrong += found.reply->body != label;
    } else {
      auto kept = std::make_shared<StoredReply>();
      kept->body = label;
      kept->joules.value = 1;
      memory.put(key, std::move(kept), now);
    }
    out.cpu_s += thread_cpu_time().base() - before;
  }
  return out;
}

Energy memory_identity(double hit_share, Energy first, Energy second, double second_share, Energy hash) {
  return (first + second * second_share) * (1 - hit_share) + hash;
}

}  // namespace wattline::serve
