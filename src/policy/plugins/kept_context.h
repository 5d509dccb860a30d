// What context compression took out of requests, for as long as it can be asked back, and only for whom it was kept.
// In memory, bounded, oldest out first. Safe from any thread.
#pragma once

#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "kernel/time.h"

namespace wattline::policy {

class KeptContext {
 public:
  struct Options {
    std::size_t bytes = std::size_t{64} << 20;  // of all texts
  };
  explicit KeptContext(Options o) : options_(o) {}
  KeptContext() : KeptContext(Options{}) {}

  // Under an id that nobody can guess and that is the same for the same text of the same owner; what is kept already
  // lasts longer. False: the text is too large. `owner`: who may ask it back.
  bool keep(const std::string& id, std::string_view owner, std::string_view text, Time now, Duration ttl);
  // Nothing when there is none, it is over, or it is another's: these cannot be told apart.
  std::optional<std::string> find(std::string_view owner, std::string_view id, Time now);
  // All of one owner's; how many there were.
  std::size_t forget(std::string_view owner);
  std::size_t bytes() const;

 private:
  struct Entry {
    std::string owner, text;
    Time until;
  };
  void drop(const std::string& id);

  const Options options_;
  mutable std::mutex mutex_;
  std::unordered_map<std::string, Entry> entries_;
  std::deque<std::string> order_;  // ids, the oldest first; some may be gone
  std::size_t bytes_ = 0;
};

}  // namespace wattline::policy
