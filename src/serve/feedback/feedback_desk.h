// Where feedback is judged before it may move anything: whose answer it is, whether it was said before, how much whoever
// says it has moved already (wrp-router, sections 8.3 and 13).
//
//   own      of answers that the same key got alone; of others it is as if there were none
//   once     the same verdict again changes nothing; another verdict of the same answer is refused
//   rate     so many a minute of a key
//   influence what one key can teach of one model in one decision: at most `influence` verdicts count, and what counted
//            fades with a half-life; what is beyond is kept and told, but teaches nothing. So a key that says
//            one thing over and over moves others' routing by no more than that.
//   repeats  of an answer given again (by the cache) what counts is the answer that it repeats, once a key
//
// An answer's propensity is kept with the verdict, so that a log of verdicts can judge other algorithms.
// Thread-safe; bounded in memory.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "serve/answers.h"
#include "serve/feedback/feedback_config.h"
#include "serve/feedback/feedback_request.h"
#include "serve/token_bucket.h"

namespace wattline::serve {

enum class FeedbackEffect : std::uint8_t {
  learned,  // the algorithm that chose was told
  noted,  // kept; no router chose this answer's model
  held_back,  // kept; this key has taught enough for now
  repeated,  // said before
};
inline constexpr std::size_t feedback_effect_count = 4;
std::string_view to_string(FeedbackEffect);

struct FeedbackRecord {
  Time time;
  AnswerPtr answer;
  FeedbackVerdict verdict;
  FeedbackEffect effect = FeedbackEffect::noted;
  std::string tenant, key;
};
// A line of the log and of the list, without a line's end.
std::string to_json(const FeedbackRecord&);

class FeedbackDesk {
 public:
  struct Who {
    std::string tenant, key;  // "" where keys are not asked for
  };
  // By id; null when there is none.
  using Find = std::function<AnswerPtr(std::string_view id)>;
  // Tells the algorithm that chose; false: there is none any more. `loser` is of a comparison, else null.
  using Teach = std::function<bool(const Answer&, const Answer* loser, const policy::Feedback&)>;
  // Hears of verdicts when they come for the first time, also of those that teach nothing; what it throws is its own.
  using Listener = std::function<void(const FeedbackRecord&)>;

  // Error: the file cannot be written.
  explicit FeedbackDesk(FeedbackConfig);
  ~FeedbackDesk();
  FeedbackDesk(const FeedbackDesk&) = delete;
  // Other limits; what was said and taught stays. Error: the file cannot be written; then nothing has changed.
  void apply(FeedbackConfig);

  std::variant<FeedbackRecord, ApiError> take(const FeedbackAsk&, const Who&, const Find&, const Teach&, Time now,
                                              std::int64_t now_ns);
  // Hears until the token it gives is gone.
  [[nodiscard]] std::shared_ptr<void> listen(Listener);

  // The latest first; of one key, or of all with null.
  std::vector<FeedbackRecord> latest(std::size_t limit, const Who* of) const;
  std::int64_t count(FeedbackEffect e) const { return counts_[static_cast<std::size_t>(e)].load(); }
  std::int64_t positive() const { return positive_.load(); }
  std::int64_t negative() const { return negative_.load(); }
  std::int64_t refused() const { return refused_.load(); }
  void append_metrics(std::string& out) const;

 private:
  struct Taught {
    double weight = 0;  // verdicts that counted, faded
    std::int64_t at_ns = 0;
  };
  bool may_teach(const std::string& what, std::int64_t now_ns);
  std::variant<FeedbackRecord, ApiError> judged(const FeedbackAsk&, const Who&, const Find&, const Teach&, Time now,
                                                std::int64_t now_ns);
  void write(const FeedbackRecord&);

  mutable std::mutex mutex_;
  FeedbackConfig config_;
  int file_ = -1;
  std::unordered_map<std::string, TokenBucket> rates_;  // by who
  std::unordered_map<std::string, Taught> taught_;  // by who, decision and model
  std::deque<std::shared_ptr<const FeedbackRecord>> records_;  // the latest first
  std::unordered_map<std::string, std::shared_ptr<const FeedbackRecord>> by_answer_;  // by who and answer
  std::list<std::weak_ptr<Listener>> listeners_;
  std::array<std::atomic<std::int64_t>, feedback_effect_count> counts_{};
  std::atomic<std::int64_t> positive_{0}, negative_{0}, refused_{0}, lost_{0};
};

}  // namespace wattline::serve
