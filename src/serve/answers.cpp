#include "serve/answers.h"

#include <algorithm>
#include <bit>

namespace wattline::serve {

Answers::Answers(std::size_t capacity) : capacity_(std::max<std::size_t>(capacity, 1)) {
  ring_.resize(capacity_);
  hints_.resize(std::bit_ceil(2 * capacity_));
}

std::size_t Answers::hint_of(std::string_view id) const {
  return std::hash<std::string_view>()(id) & (hints_.size() - 1);
}

void Answers::add(AnswerPtr answer) {
  AnswerPtr oldest;  // declared before the lock, so that it is freed after it
  std::lock_guard lock(mutex_);
  oldest = std::move(ring_[next_]);
  if (!oldest) ++size_;
  hints_[hint_of(answer->id)] = static_cast<std::uint32_t>(next_);
  ring_[next_] = std::move(answer);
  next_ = next_ + 1 == capacity_ ? 0 : next_ + 1;
  ++added_;
}

std::uint64_t Answers::added() const {
  std::lock_guard lock(mutex_);
  return added_;
}

std::vector<AnswerPtr> Answers::since(std::uint64_t& seen, std::size_t most) const {
  std::lock_guard lock(mutex_);
  const auto n = static_cast<std::size_t>(std::min<std::uint64_t>({added_ - seen, most, capacity_}));
  seen = added_;
  std::vector<AnswerPtr> out;
  out.reserve(n);
  for (std::size_t i = n; i > 0; --i) out.push_back(ring_[(next_ + capacity_ - i) % capacity_]);
  return out;
}

AnswerPtr Answers::find(std::string_view id) const {
  std::lock_guard lock(mutex_);
  if (const auto& likely = ring_[hints_[hint_of(id)]]; likely && likely->id == id) return likely;
  for (const auto& answer : ring_)
    if (answer && answer->id == id) return answer;
  return nullptr;
}

std::vector<AnswerPtr> Answers::latest(std::size_t limit) const {
  std::lock_guard lock(mutex_);
  std::vector<AnswerPtr> out;
  out.reserve(std::min(limit, size_));
  for (std::size_t i = 1; i <= capacity_ && out.size() < limit; ++i) {
    const auto& answer = ring_[(next_ + capacity_ - i) % capacity_];
    if (!answer) break;
    out.push_back(answer);
  }
  return out;
}

std::size_t Answers::size() const {
  std::lock_guard lock(mutex_);
  return size_;
}

}  // namespace wattline::serve
