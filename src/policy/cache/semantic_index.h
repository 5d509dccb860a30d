// Answers kept to be given to questions that mean the same: found by the nearest vector of an earlier question in the
// same scope, over the threshold of its category, and only where nothing tells the two apart (particulars.h).
//
// A scope is all that two requests must share beside the question (tenant, model or router, system prompt, history,
// tools, parameters, encoder), as a digest; scopes never meet. Bounded in bytes: least worth leaves first, as in the
// exact cache (Greedy-Dual-Size-Frequency with joules as cost), a category over its share before others. An entry
// that was called wrong is taken out and leaves a scar: near it, hits must be closer from then on. Not safe from
// several threads.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "policy/cache/categories.h"
#include "policy/cache/near_index.h"

namespace wattline::policy {

using CacheScope = std::array<std::uint8_t, 32>;
struct CacheScopeHash {
  std::size_t operator()(const CacheScope& s) const {
    std::size_t h;
    std::memcpy(&h, s.data(), sizeof h);
    return h;
  }
};

struct SemanticIndexOptions {
  std::size_t width = 512;  // of a vector
  std::size_t bytes = std::size_t{64} << 20;
  std::size_t neighbours = 8;  // looked at
  bool guard = true;  // refuse what differs in particulars; off only to measure what the guard does
  std::int64_t scar_ns = std::int64_t{7} * 86400 * 1'000'000'000;
  NearIndexOptions index;
};

class SemanticIndex {
 public:
  using Options = SemanticIndexOptions;
  SemanticIndex(CacheCategories, Options);
  ~SemanticIndex();

  struct Question {
    CacheScope scope{};
    std::string_view text;
    std::span<const float> vector;  // width values of length 1
    std::size_t category = 0;  // place in categories()
  };
  struct Found {
    std::uint64_t id = 0;  // 0: none
    std::shared_ptr<const void> answer;
    float cosine = 0;  // of the hit; of none: of the nearest
    std::int64_t age_ns = 0;
    bool same_text = false;  // but for case, spaces and final punctuation: no merit of the vectors
    std::string_view refused;  // of none: in what the nearest over the threshold differs; "" where none was so near
  };
  // `now_ns`: monotonic, as of all calls.
  Found find(const Question&, std::int64_t now_ns, std::int64_t max_age_ns = INT64_MAX);

  struct Kept {
    std::shared_ptr<const void> answer;
    std::size_t bytes = 0;  // of the answer
    double joules = 0;  // that making it cost
  };
  // Its id; 0 where it is too large or its category keeps none. In place of one of the same text.
  std::uint64_t put(const Question&, Kept, std::int64_t now_ns);

  // The entry answered a question of that cosine wrongly. False: it is no longer there.
  bool wrong(std::uint64_t id, float cosine, std::int64_t now_ns);
  // The threshold that a question in that category meets there: its category's, or that of a scar near by.
  double threshold_at(const Question&, std::int64_t now_ns) const;
  void clear();

  const CacheCategories& categories() const { return categories_; }
  // The largest answer that is kept, with its question: an eighth of all.
  std::size_t largest() const { return options_.bytes / 8; }

  struct Totals {
    std::uint64_t stored = 0, evicted = 0, expired = 0, called_wrong = 0;
    std::size_t entries = 0, bytes = 0, capacity = 0, scopes = 0, scars = 0;
  };
  Totals totals() const;

 private:
  struct Entry;
  struct Scope;
  using ByWorth = std::multimap<double, std::uint64_t>;
  using ByEnd = std::multimap<std::int64_t, std::uint64_t>;
  void drop(std::uint64_t id);
  void drop_expired(std::int64_t now_ns);
  void make_room(std::size_t category, std::size_t bytes);
  double worth_of(const Entry&) const;
  void forget_oldest_scar();

  CacheCategories categories_;
  Options options_;
  std::unordered_map<CacheScope, Scope, CacheScopeHash> scopes_;
  std::unordered_map<std::uint64_t, Entry> entries_;
  std::vector<ByWorth> by_worth_;  // by category
  std::vector<std::size_t> bytes_of_;  // by category
  ByEnd by_end_;
  std::deque<CacheScope> scarred_;  // where scars are, oldest first
  std::size_t bytes_ = 0;
  double level_ = 0;
  std::uint64_t last_id_ = 0;
  Totals totals_;
};

}  // namespace wattline::policy
