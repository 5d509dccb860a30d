// A stream that is held back until it is known whether its answer stays: a cascade may yet ask a larger model, and what
// a client was told cannot be taken back.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "serve/sse.h"

namespace wattline::serve {

class HeldStream {
 public:
  explicit HeldStream(std::size_t limit = std::size_t{4} << 20) : limit_(limit) {}

  // False when it has become too long to be held: it stays, and what comes after it is told as it comes.
  [[nodiscard]] bool keep(const SseParser::Event&);
  // What its chunks add up to, as a chat completion: the texts, tool calls, ends and logprobs of its choices.
  std::string reply() const;
  // Takes the logprobs of its choices out, for a client that did not ask for them.
  void drop_logprobs();
  // In the order in which they came; its views hold as long as this. Nothing: all were told.
  std::optional<SseParser::Event> next();
  bool told() const { return next_ == events_.size(); }
  // Whether it could be held to its end.
  bool whole() const { return size_ <= limit_; }

 private:
  struct Kept {
    std::string raw, name, data;
    bool has_data = false;
  };
  std::size_t limit_, size_ = 0, next_ = 0;
  std::vector<Kept> events_;
};

}  // namespace wattline::serve
