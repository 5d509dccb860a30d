// Earlier answers for questions that mean the same, as the gateway's requests meet them. Safe from any thread, and all
// but gave(), wrong() and not_looked() for threads that may wait: a look costs the encoder's milliseconds.
//
// The order of a request: look(); a hit is given again, or, where chance will have it, becomes an audit: the model
// answers too and judge() compares both. What the model answers is put by keep(). Who got a wrong answer says so by
// its id (wrong()).
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/json.h"
#include "policy/cache/question_reader.h"
#include "policy/cache/semantic_index.h"
#include "serve/canonical_key.h"
#include "serve/config.h"
#include "serve/exact_cache.h"
#include "serve/semantic/counts.h"
#include "serve/semantic/told.h"

namespace wattline::serve {

class FeedbackDesk;

class SemanticCache {
 public:
  // `by_user`: never across the request's `user` either.
  SemanticCache(const SemanticCacheConfig&, bool by_user, std::shared_ptr<const text::Encoder>,
                std::shared_ptr<SemanticCounts>);
  ~SemanticCache();

  struct Request {
    std::string_view body;  // of a chat completion
    std::string_view tenant;
    std::string_view model;  // that is to answer
    std::string_view decision;  // of the router that chose it; "" without one
    std::int64_t max_age_ns = INT64_MAX;
    bool greedy = false;  // the model draws nothing by chance unless asked to
    bool find = true;  // false: only to be kept
  };
  struct Look {
    std::shared_ptr<const LookTold> told;
    StoredReplyPtr reply;  // null: none does
    bool audit = false;  // the model is to answer too
    std::int64_t age_ns = 0;
    std::uint64_t entry = 0;
    // What keep() needs: there only where it may be matched by meaning.
    bool may_keep = false;
    std::string tenant, question;
    std::vector<float> vector;
    policy::CacheScope scope{};
    std::size_t category = 0;
  };
  Look look(const Request&);
  void keep(const Look&, StoredReplyPtr);
  // Of an audit: what the model said, beside what would have been given.
  void judge(const Look&, const StoredReply& fresh);
  // Answer `answer_id` repeated the look's hit; remembered so that it can be called wrong.
  void gave(const Look&, std::string answer_id);
  // Answer `answer_id` was wrong: its entry goes before the next look. False: no such answer among the last, or not of
  // that tenant ("" asks for any).
  bool wrong(std::string_view answer_id, std::string_view tenant);
  // Takes out now what was called wrong.
  void take_out_wrong();
  // What feedback calls bad counts as called wrong too.
  void listen(FeedbackDesk&);
  // For want of a free worker.
  void not_looked() { counts_->unlooked.fetch_add(1, std::memory_order_relaxed); }
  void clear();

  // For /api/v1/cache and /metrics.
  void write(JsonWriter&) const;
  void append_metrics(std::string&) const;

 private:
  void count(SemanticCounts::Outcome);
  void take_out();  // with the index locked
  struct Given {
    std::string tenant;
    std::uint64_t entry = 0;
    float cosine = 0;
  };

  const SemanticCacheConfig config_;
  const bool by_user_;
  policy::QuestionReader reader_;
  CacheKeys keys_;
  std::shared_ptr<SemanticCounts> counts_;
  mutable std::mutex mutex_;
  policy::SemanticIndex index_;
  std::mutex given_mutex_;  // never held while the index works: I/O threads take it
  std::unordered_map<std::string, Given> given_;  // by the answer's id
  std::deque<std::string> given_order_;
  std::vector<Given> wrong_;  // called so, and not taken out yet
  std::shared_ptr<void> listening_;
  std::uint64_t chance_;
};

// What an answer says: of all choices' texts the first's; "" where it cannot be read.
std::string answer_text(const StoredReply&);

}  // namespace wattline::serve
