// Answers kept to be given again to the same request: bounded in bytes, with an end of life, in shards
// that do not wait for each other. Safe from any thread.
//
// What is thrown out first is what would save the least energy for the room it takes: Greedy-Dual-Size-
// Frequency (Cherkasova, HP Labs HPL-98-69R1, 1998; Cao and Irani, USITS 1997) with the joules that
// making the answer cost as its cost. An entry's worth is L + uses * joules / bytes; the least worthy
// leaves, and L becomes its worth, so that what was once asked for often ages like everything else.
#pragma once

#include <atomic>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "serve/answer.h"
#include "serve/canonical_key.h"

namespace wattline::serve {

struct StoredReply {
  bool stream = false;
  std::string body;  // as the upstream sent it: the JSON, or the events up to the last before [DONE]
  std::string finish_reason;
  std::int64_t tokens_in = 0, tokens_out = 0;
  bool tokens_estimated = false;
  Impact joules;  // what making it cost
  std::string answer_id;  // of the answer that made it
};
using StoredReplyPtr = std::shared_ptr<const StoredReply>;

struct ExactCacheOptions {
  std::size_t bytes = std::size_t{64} << 20;
  std::int64_t ttl_ns = std::int64_t{3600} * 1'000'000'000;
  std::size_t shards = 16;
};

class ExactCache {
 public:
  explicit ExactCache(const ExactCacheOptions&);
  ~ExactCache();
  ExactCache(const ExactCache&) = delete;
  ExactCache& operator=(const ExactCache&) = delete;

  struct Found {
    StoredReplyPtr reply;
    std::int64_t age_ns = 0;
  };
  // Null when there is none, it is past its time, or older than `max_age_ns`. `now_ns`: monotonic.
  Found find(const CacheKey&, std::int64_t now_ns, std::int64_t max_age_ns = INT64_MAX);
  // In place of one that is there. False: it is larger than one shard may keep.
  bool put(const CacheKey&, StoredReplyPtr, std::int64_t now_ns);
  void clear();

  // The largest body that may be kept: an eighth of a shard, so that one answer never empties it.
  std::size_t largest() const { return largest_; }

  struct Totals {
    std::uint64_t hits = 0, misses = 0, stored = 0, evicted = 0, expired = 0;
    std::size_t entries = 0, bytes = 0, capacity = 0;
  };
  Totals totals() const;

 private:
  struct Shard;
  Shard& shard_of(const CacheKey&);

  std::size_t capacity_, largest_;
  std::int64_t ttl_ns_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace wattline::serve
