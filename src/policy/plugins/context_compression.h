// Long results of tools, and a long history, shortened before a model reads them, so that what was left out can be asked
// back (wrp-router, section 9): a result of more than 2,000 tokens goes down to about 1,000, its pieces ranked by BM25
// against what the user asked; older messages likewise where the conversation is beyond a budget.
//
// What was asked is the user's message of the same turn, not the last one: so a message is shortened the same way in
// every request that repeats it, and the prefix that an upstream has cached of a conversation stays good.
//
// No message is ever left out, only pieces of long ones: calls of tools keep their results, and neither the instructions
// nor the user's last message (and what follows it, but for results of tools) are touched. In place of what is missing
// stands a mark with the id under which the whole is kept. Quality guard: where the short form loses too many of the
// words of the question that the whole has, the whole stays ("fail open").
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/plugins/draft.h"
#include "policy/settings.h"

namespace wattline::policy {

struct ContextCompression {
  struct Target {
    bool on = false;
    std::size_t min_tokens = 2000, target_tokens = 1000;  // of one message
  };
  Target tool_outputs{true, 2000, 1000};
  Target history{false, 200, 100};
  std::size_t trigger_tokens = 0;  // of the whole conversation, before history is touched
  double guard = 0.8;  // share of the question's words found in the whole that the short form must keep
  bool recovery = true;
  double ttl_s = 3600;
  std::size_t max_bytes = std::size_t{1} << 20;  // kept of one request

  static ContextCompression read(Settings&);

  // `keep` stores a whole text and gives the id under which it can be asked back; "" when it cannot, and then the text
  // is not shortened.
  using Keep = std::function<std::string(std::string_view whole)>;
  struct Done {
    std::size_t messages = 0, guarded = 0;
    std::size_t tokens_before = 0, tokens_after = 0;  // of these messages, 4 bytes each
    std::vector<std::string> ids;
  };
  Done apply(Draft&, const Keep& keep) const;
};

// The short form: the first and last piece and the best by BM25 against `query`, in order, each gap marked "[...]".
// Pieces are lines where there are some, else sentences. "" when nothing would be left out.
std::string shortened(std::string_view text, std::string_view query, std::size_t target_tokens);
// Of the distinct words of `query` that `whole` has, the share that `part` has; 1 when it has none.
double words_kept(std::string_view query, std::string_view whole, std::string_view part);

}  // namespace wattline::policy
