// The tool calls of a chat stream put in order. Chat completions may send the fragments of parallel calls
// in any order, the other dialects tell one item after the other: the first call is live, fragments of the
// others wait until it is over.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "serve/json_text.h"

namespace wattline::serve {

class ToolCalls {
 public:
  struct Call {
    std::string id, name, arguments;  // arguments that have come
    std::int64_t index = 0;
    std::size_t told = 0;  // bytes of the arguments that were told
    bool opened = false, closed = false;
  };

  static constexpr std::size_t most = 1024;

  // A fragment (an element of delta.tool_calls). Servers that number badly (every call 0) are told apart
  // by the ids. False: too many calls, or more of one that is over.
  [[nodiscard]] bool take(JsonText fragment) {
    const std::string id = fragment["id"].text();
    const std::int64_t index =
        fragment["index"].integer().value_or(calls_.empty() || !id.empty() ? next_index_ : calls_.back().index);
    Call* call = nullptr;
    for (auto it = calls_.rbegin(); it != calls_.rend() && !call; ++it)
      if (it->index == index) call = &*it;
    if (!call || (!id.empty() && !call->id.empty() && call->id != id)) {
      if (calls_.size() == most) return false;
      calls_.emplace_back();
      call = &calls_.back();
      call->index = index;
      next_index_ = std::max(next_index_, index < INT32_MAX ? index + 1 : index);
    }
    if (call->id.empty()) call->id = id;
    const JsonText function = fragment["function"];
    if (call->name.empty()) call->name = function["name"].text();
    const std::string more = function["arguments"].text();
    call->arguments += more;
    return !call->closed || more.empty();
  }
  // The one to be told now: the first that is not closed; null when there is none.
  Call* live() {
    for (std::size_t i = first_open_; i < calls_.size(); ++i) {
      if (!calls_[i].closed) return &calls_[i];
      first_open_ = i + 1;
    }
    return nullptr;
  }
  bool empty() const { return calls_.empty(); }
  std::size_t position(const Call& c) const { return static_cast<std::size_t>(&c - calls_.data()); }

 private:
  std::vector<Call> calls_;
  std::size_t first_open_ = 0;
  std::int64_t next_index_ = 0;
};

}  // namespace wattline::serve
