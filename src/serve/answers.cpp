#include "serve/answers.h"

#include <algorithm>

namespace wattline::serve {

Answers::Answers(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {
  ring_.resize(capacity_);
  index_.reserve(capacity_);
}

void Answers::add(AnswerPtr answer) {
  AnswerPtr oldest;  // declared before the lock, so that it is freed after it
  std::lock_guard lock(mutex_);
  oldest = std::move(ring_[next_]);
  if (oldest) index_.erase(oldest->id);
  index_[answer->id] = next_;
  ring_[next_] = std::move(answer);
  next_ = (next_ + 1) % capacity_;
}

AnswerPtr Answers::find(std::string_view id) const {
  std::lock_guard lock(mutex_);
  const auto it = index_.find(id);
  return it == index_.end() ? nullptr : ring_[it->second];
}

std::vector<AnswerPtr> Answers::latest(std::size_t limit) const {
  std::lock_guard lock(mutex_);
  std::vector<AnswerPtr> out;
  out.reserve(std::min(limit, index_.size()));
  for (std::size_t i = 1; i <= capacity_ && out.size() < limit; ++i) {
    const auto& answer = ring_[(next_ + capacity_ - i) % capacity_];
    if (!answer) break;
    out.push_back(answer);
  }
  return out;
}

std::size_t Answers::size() const {
  std::lock_guard lock(mutex_);
  return index_.size();
}

}  // namespace wattline::serve
