#include "serve/route/conversations.h"

#include <algorithm>
#include <random>
#include <string>

#include "serve/digest.h"

namespace wattline::serve {

std::uint64_t Conversations::id_of(const policy::RequestView& r) {
  // A hash that nobody can aim at, so that nobody takes another's conversation to another model.
  thread_local std::string text;
  text.clear();
  const auto part = [&](std::string_view t) {
    const std::uint64_t size = t.size();
    text.append(reinterpret_cast<const char*>(&size), sizeof size).append(t);
  };
  // Who reads a log can neither find a conversation by its words nor follow it over a restart.
  static const std::string salt = [] {
    std::random_device random;
    std::string s;
    for (int i = 0; i < 8; ++i) s += std::to_string(random());
    return s;
  }();
  part(salt);
  part(r.tenant);
  part(r.session);
  if (r.session.empty())
    for (const auto& m : r.messages) {
      if (m.role == policy::Role::assistant || m.role == policy::Role::tool) break;
      part(m.text);
      if (m.role == policy::Role::user) break;
    }
  const Digest digest = sha256(text);
  std::uint64_t id = 0;
  for (std::size_t i = 0; i < sizeof id; ++i) id = id << 8 | digest[i];
  return id;
}

Conversations::Seen Conversations::find(std::uint64_t id, std::int64_t now_ns) {
  Shard& s = shard(id);
  std::lock_guard lock(s.mutex);
  const auto it = s.by_id.find(id);
  if (it == s.by_id.end()) return {};
  const Entry& e = *it->second;
  return {e.candidate, e.switches, std::max(0.0, static_cast<double>(now_ns - e.at_ns) * 1e-9)};
}

void Conversations::given_to(std::uint64_t id, int candidate, std::int64_t now_ns) {
  Shard& s = shard(id);
  std::lock_guard lock(s.mutex);
  if (const auto it = s.by_id.find(id); it != s.by_id.end()) {
    Entry& e = *it->second;
    if (e.candidate != candidate) ++e.switches;
    e.candidate = candidate;
    e.at_ns = now_ns;
    s.by_age.splice(s.by_age.begin(), s.by_age, it->second);
    return;
  }
  if (s.by_age.size() >= most_in_shard_) {
    s.by_id.erase(s.by_age.back().id);
    s.by_age.pop_back();
  }
  s.by_age.push_front({id, candidate, 0, now_ns});
  s.by_id.emplace(id, s.by_age.begin());
}

}  // namespace wattline::serve
