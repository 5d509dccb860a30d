// The texts of a chat completion, or of a chunk of its stream, changed in place: contents, reasoning, refusals and
// arguments of tool calls, each known by its choice and kind, so that what is held back of one stream of text comes
// before its next piece and not in another's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>

#include "policy/plugins/redaction.h"

namespace wattline::serve {

// The first choice's own words, gathered for those who look at the whole. `most` bytes are kept.
struct GatheredAnswer {
  std::string text, finish_reason;
  bool calls_tools = false, cut = false;
  std::size_t most = std::size_t{256} << 10;
};

// Adds what a whole completion or a chunk says.
void gather(std::string_view chat, GatheredAnswer& out);

// `chat`, a whole chat completion, with every placeholder given its value.
std::string restored_reply(std::string_view chat, const policy::Redaction&);

// The same of a stream. Of one answer.
class ReplyRestorer {
 public:
  explicit ReplyRestorer(const policy::Redaction& r) : redaction_(r) {}
  // The chunk as it can be told now. What was held back of a choice comes with the chunk that ends it.
  std::string push(std::string_view chunk);
  // A chunk with what is still held back, where a stream ended without saying so; "" when nothing is.
  std::string finish();

 private:
  // Choice, member ("content", "arguments"), number of the tool call.
  using Key = std::tuple<std::int64_t, std::string, std::int64_t>;
  policy::Restorer& of(const Key& key) { return streams_.try_emplace(key, redaction_).first->second; }
  std::string members_of_held(std::int64_t choice);

  const policy::Redaction& redaction_;
  std::map<Key, policy::Restorer> streams_;
};

}  // namespace wattline::serve
