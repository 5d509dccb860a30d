// The last answers, kept in memory for the page and for look-ups by id. Bounded; safe from any thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "serve/answer.h"

namespace wattline::serve {

using AnswerPtr = std::shared_ptr<const Answer>;

class Answers {
 public:
  explicit Answers(std::size_t capacity);

  void add(AnswerPtr);
  AnswerPtr find(std::string_view id) const;
  std::vector<AnswerPtr> latest(std::size_t limit) const;  // newest first
  std::size_t size() const;
  std::size_t capacity() const { return capacity_; }

 private:
  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::vector<AnswerPtr> ring_;
  std::size_t next_ = 0;
  std::unordered_map<std::string_view, std::size_t> index_;  // views into the answers in the ring
};

}  // namespace wattline::serve
