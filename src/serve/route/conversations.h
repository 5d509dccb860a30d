// Which model a conversation was given to last, so that it can stay there. A conversation is known by the id that its
// client sends, else by how it began: its system prompt and first question come again with every turn. Bounded: the
// ones longest silent are forgotten. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "policy/request.h"

namespace wattline::serve {

class Conversations {
 public:
  explicit Conversations(std::size_t most = 16384) : most_in_shard_((most + shard_count - 1) / shard_count) {}

  // Of one tenant; another tenant's conversation of the same words is another.
  static std::uint64_t id_of(const policy::RequestView&);

  struct Seen {
    int candidate = -1;  // that answered last; -1: not known
    int switches = 0;
    double idle = 0;  // s since then
  };
  Seen find(std::uint64_t id, std::int64_t now_ns);
  void given_to(std::uint64_t id, int candidate, std::int64_t now_ns);

 private:
  struct Entry {
    std::uint64_t id;
    int candidate, switches;
    std::int64_t at_ns;
  };
  struct Shard {
    std::mutex mutex;
    std::list<Entry> by_age;  // the last given first
    std::unordered_map<std::uint64_t, std::list<Entry>::iterator> by_id;
  };
  static constexpr std::size_t shard_count = 16;
  Shard& shard(std::uint64_t id) { return shards_[(id >> 32) % shard_count]; }

  const std::size_t most_in_shard_;
  std::array<Shard, shard_count> shards_;
};

}  // namespace wattline::serve
