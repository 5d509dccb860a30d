#include "policy/plugins/kept_context.h"

namespace wattline::policy {

bool KeptContext::keep(const std::string& id, std::string_view owner, std::string_view text, Time now, Duration ttl) {
  if (text.size() > options_.bytes) return false;
  std::lock_guard lock(mutex_);
  if (const auto it = entries_.find(id); it != entries_.end()) {
    it->second.until = now + ttl;
    return it->second.owner == owner;
  }
  while (!order_.empty() && bytes_ + text.size() > options_.bytes) {
    drop(order_.front());
    order_.pop_front();
  }
  // What is over goes when it comes to the front.
  while (!order_.empty()) {
    const auto it = entries_.find(order_.front());
    if (it != entries_.end() && it->second.until > now) break;
    drop(order_.front());
    order_.pop_front();
  }
  bytes_ += text.size();
  entries_.emplace(id, Entry{std::string(owner), std::string(text), now + ttl});
  order_.push_back(id);
  return true;
}

void KeptContext::drop(const std::string& id) {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return;
  bytes_ -= it->second.text.size();
  entries_.erase(it);
}

std::optional<std::string> KeptContext::find(std::string_view owner, std::string_view id, Time now) {
  std::lock_guard lock(mutex_);
  const auto it = entries_.find(std::string(id));
  if (it == entries_.end() || it->second.owner != owner || it->second.until <= now) return std::nullopt;
  return it->second.text;
}

std::size_t KeptContext::forget(std::string_view owner) {
  std::lock_guard lock(mutex_);
  return std::erase_if(entries_, [&](const auto& e) {
    if (e.second.owner != owner) return false;
    bytes_ -= e.second.text.size();
    return true;
  });
}

std::size_t KeptContext::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

}  // namespace wattline::policy
