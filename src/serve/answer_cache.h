// The gateway's cache as a request meets it: whether an earlier answer will do, and what becomes of the one
// that is made now. Safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "serve/cache_control.h"
#include "serve/canonical_key.h"
#include "serve/config.h"
#include "serve/exact_cache.h"
#include "serve/reply_reader.h"
#include "serve/single_flight.h"

namespace wattline::serve {

struct CachePlan {
  std::string_view why_not;  // "" when the cache has a say in this request at all
  CacheKey key;
  bool stream = false;
  CacheWish wish;
};

class SemanticCache;

class AnswerCache {
 public:
  explicit AnswerCache(const CacheConfig&);
  ~AnswerCache();

  // `greedy`: the model draws nothing by chance unless asked to.
  CachePlan plan(std::string_view body, std::string_view tenant, const CacheWish&, bool greedy) const;

  ExactCache store;
  SingleFlight flights;
  const bool shares;  // what is under way
  std::unique_ptr<SemanticCache> semantic;  // null where it is not configured

 private:
  CanonicalRules rules_;
  CacheKeys keys_;
};

// Gathers an answer while it is handed on: for those who follow it, and for the store. Of one thread. When it
// goes without complete(), its followers are told that it failed.
class CacheKeeper {
 public:
  CacheKeeper(AnswerCache&, const CachePlan&, SingleFlight::Lead);
  // Called with an answer that is kept.
  void also(std::function<void(StoredReplyPtr)> keep) { also_ = std::move(keep); }

  // An event of the stream as it came, [DONE] apart; facts where it has data.
  void event(std::string_view raw, const ReplyFacts* facts);
  void whole(std::string_view body, const ReplyFacts&);
  // The answer is all there and its cost is known.
  void complete(const Answer&);
  void fail(const ApiError&);
  // It is given to those who wait for it, but not kept for later: something was found in it.
  void spoil() { spoilt_ = true; }
  // The leader's client has gone: true when others wait for the answer.
  bool carries_on(std::function<void()> on_deserted) { return lead_ && lead_.client_left(std::move(on_deserted)); }

 private:
  void look(const ReplyFacts&);
  bool whole_answer() const;

  AnswerCache& cache_;
  const CachePlan& plan_;
  SingleFlight::Lead lead_;
  std::function<void(StoredReplyPtr)> also_;
  std::string text_;
  bool too_large_ = false, spoilt_ = false;
  std::int64_t choices_ = 0, stopped_ = 0;
  bool ended_otherwise_ = false, calls_tools_ = false;
};

}  // namespace wattline::serve
