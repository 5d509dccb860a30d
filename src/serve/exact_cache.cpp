#include "serve/exact_cache.h"

#include <algorithm>

namespace wattline::serve {
namespace {

// What an entry takes besides its texts: the reply, its control block, and the nodes of three indexes.
constexpr std::size_t overhead = 512;
// So that among answers whose energy is nought the small and the often used stay.
constexpr double least_joules = 1e-9;

}  // namespace

struct ExactCache::Shard {
  struct Entry;
  using Entries = std::unordered_map<CacheKey, Entry, CacheKeyHash>;
  using ByWorth = std::multimap<double, const CacheKey*>;
  struct Stored {
    const CacheKey* key;
    std::int64_t ns;
  };
  using ByTime = std::list<Stored>;  // oldest first
  struct Entry {
    StoredReplyPtr reply;
    std::size_t bytes = 0;
    std::uint64_t uses = 1;
    ByWorth::iterator worth;
    ByTime::iterator time;
    std::int64_t stored_ns() const { return time->ns; }
  };

  mutable std::mutex mutex;
  Entries entries;
  ByWorth by_worth;
  ByTime by_time;
  std::size_t bytes = 0;
  double level = 0;  // L
  Totals totals;

  double worth_of(const Entry& e) const {
    return level +
           static_cast<double>(e.uses) * std::max(e.reply->joules.value, least_joules) / static_cast<double>(e.bytes);
  }
  void drop(Entries::iterator it) {
    bytes -= it->second.bytes;
    by_worth.erase(it->second.worth);
    by_time.erase(it->second.time);
    entries.erase(it);
  }
  void drop_expired(std::int64_t now_ns, std::int64_t ttl_ns) {
    while (!by_time.empty() && now_ns - by_time.front().ns > ttl_ns) {
      drop(entries.find(*by_time.front().key));
      ++totals.expired;
    }
  }
};

ExactCache::ExactCache(const ExactCacheOptions& o) : capacity_(o.bytes), ttl_ns_(o.ttl_ns) {
  const std::size_t n = std::max<std::size_t>(o.shards, 1);
  largest_ = capacity_ / n / 8;
  for (std::size_t i = 0; i < n; ++i) shards_.push_back(std::make_unique<Shard>());
}

ExactCache::~ExactCache() = default;

// The table inside a shard takes the first bytes of the key; this takes others.
ExactCache::Shard& ExactCache::shard_of(const CacheKey& key) {
  std::uint32_t n;
  std::memcpy(&n, key.bytes.data() + 16, sizeof n);
  return *shards_[n % shards_.size()];
}

ExactCache::Found ExactCache::find(const CacheKey& key, std::int64_t now_ns, std::int64_t max_age_ns) {
  Shard& s = shard_of(key);
  std::lock_guard lock(s.mutex);
  const auto it = s.entries.find(key);
  if (it == s.entries.end()) {
    ++s.totals.misses;
    return {};
  }
  auto& e = it->second;
  const std::int64_t age = std::max<std::int64_t>(now_ns - e.stored_ns(), 0);
  if (age > ttl_ns_) {
    s.drop(it);
    ++s.totals.expired;
    ++s.totals.misses;
    return {};
  }
  if (age > max_age_ns) {
    ++s.totals.misses;
    return {};
  }
  ++s.totals.hits;
  ++e.uses;
  auto node = s.by_worth.extract(e.worth);
  node.key() = s.worth_of(e);
  e.worth = s.by_worth.insert(std::move(node));
  return {e.reply, age};
}

bool ExactCache::put(const CacheKey& key, StoredReplyPtr reply, std::int64_t now_ns) {
  const std::size_t bytes = reply->body.capacity() + reply->finish_reason.size() + reply->answer_id.size() + overhead;
  if (bytes > largest_) return false;
  Shard& s = shard_of(key);
  std::lock_guard lock(s.mutex);
  if (const auto old = s.entries.find(key); old != s.entries.end()) s.drop(old);
  s.drop_expired(now_ns, ttl_ns_);
  const std::size_t room = capacity_ / shards_.size();
  while (s.bytes + bytes > room && !s.by_worth.empty()) {
    const auto least = s.by_worth.begin();
    s.level = std::max(s.level, least->first);
    s.drop(s.entries.find(*least->second));
    ++s.totals.evicted;
  }
  const auto it = s.entries.try_emplace(key).first;
  auto& e = it->second;
  e.reply = std::move(reply);
  e.bytes = bytes;
  e.worth = s.by_worth.emplace(s.worth_of(e), &it->first);
  e.time = s.by_time.insert(s.by_time.end(), {&it->first, now_ns});
  s.bytes += bytes;
  ++s.totals.stored;
  return true;
}

void ExactCache::clear() {
  for (auto& s : shards_) {
    std::lock_guard lock(s->mutex);
    s->by_worth.clear();
    s->by_time.clear();
    s->entries.clear();
    s->bytes = 0;
  }
}

ExactCache::Totals ExactCache::totals() const {
  Totals out;
  out.capacity = capacity_;
  for (const auto& s : shards_) {
    std::lock_guard lock(s->mutex);
    out.hits += s->totals.hits;
    out.misses += s->totals.misses;
    out.stored += s->totals.stored;
    out.evicted += s->totals.evicted;
    out.expired += s->totals.expired;
    out.entries += s->entries.size();
    out.bytes += s->bytes;
  }
  return out;
}

}  // namespace wattline::serve
