// What was seen last, by name: for files without end, in memory with an end. At least the newest `most` names are
// there, at most twice as many.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace wattline::ledger::imports {

template <class Value>
class Recent {
 public:
  explicit Recent(std::size_t most) : most_(most) {}

  // nullptr: not seen, or too long ago. Valid until the next put().
  Value* find(std::string_view name) {
    if (const auto it = now_.find(name); it != now_.end()) return &it->second;
    const auto it = before_.find(name);
    return it == before_.end() ? nullptr : &it->second;
  }
  // A name that find() has not.
  void put(std::string_view name, Value value) {
    // A whole generation goes at once: nothing is kept in order.
    if (now_.size() >= most_) {
      before_ = std::move(now_);
      now_.clear();
    }
    now_.emplace(name, std::move(value));
  }

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };
  using Map = std::unordered_map<std::string, Value, Hash, std::equal_to<>>;
  std::size_t most_;
  Map now_, before_;
};

}  // namespace wattline::ledger::imports
