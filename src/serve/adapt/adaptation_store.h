// What was learned of users, over the life of configurations, and its file.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "serve/adapt/adaptation_config.h"
#include "serve/answer.h"
#include "serve/feedback/feedback_desk.h"

namespace wattline::serve {

class AdaptationStore {
 public:
  // Reads the file where there is one. Error: it is broken, or cannot be read.
  AdaptationStore(AdaptationConfig, std::function<void(std::string_view)> log);
  ~AdaptationStore();
  AdaptationStore(const AdaptationStore&) = delete;
  // Other rules. The file stays the first one's.
  void apply(const AdaptationConfig&);
  // From now on verdicts are learned from.
  void listen(FeedbackDesk&);

  const policy::UserAdaptation& users() const { return users_; }
  double explore() const { return explore_.load(std::memory_order_relaxed); }
  // 16 hexadecimal digits; "" for a request that names no user and has no key. `user` is what the client says, and so
  // of its own key alone.
  std::string pseudonym(std::string_view tenant, std::string_view key, std::string_view user) const;
  void learn(const Answer&, const FeedbackVerdict&, Time now);
  std::size_t erase(std::string_view pseudonym);
  std::size_t erase_all();
  // {"users":[{"user","intent","verdicts","good","expected","shift","at"}]}; of one where it is not empty.
  std::string json(Time now, std::string_view pseudonym = {}) const;

 private:
  void save(bool now);

  policy::UserAdaptation users_;
  std::atomic<double> explore_;
  std::string file_;
  std::function<void(std::string_view)> log_;
  std::shared_ptr<void> listening_;
  std::mutex saving_;
  std::int64_t saved_ns_ = 0;
  bool unsaved_ = false;
};

// Of those that were considered for an answer, the largest: by expected energy where it is known of all, else the last.
std::size_t largest_of(const RouteTold&);

}  // namespace wattline::serve
