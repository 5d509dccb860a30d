// The last answers, kept in memory for the page and for look-ups by id. Bounded; safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
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
  // Those added since `seen` of them had been, oldest first, the newest `most` where there are more.
  std::vector<AnswerPtr> since(std::uint64_t& seen, std::size_t most) const;
  std::uint64_t added() const;
  std::size_t size() const;
  std::size_t capacity() const { return capacity_; }

 private:
  std::size_t hint_of(std::string_view id) const;

  std::size_t capacity_;
  mutable std::mutex mutex_;
  std::vector<AnswerPtr> ring_;
  std::size_t next_ = 0, size_ = 0;
  std::uint64_t added_ = 0;
  // Where in the ring an id was last put, by its hash. Only a hint: two ids may share a place, and what has
  // left the ring is not taken out. Adding costs one store where a map would allocate.
  std::vector<std::uint32_t> hints_;
};

}  // namespace wattline::serve
