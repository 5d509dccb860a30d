// What an upstream's whole reply says for itself, for the stop rule of a cascade: whether it came to its end and has the
// form that was asked for, and how sure the model was of its tokens.
//
// A model says how sure it was only when asked (`logprobs`), so a cascade asks; who did not ask is not told.
#pragma once

#include <string>
#include <string_view>

#include "policy/select/verify.h"

namespace wattline::serve {

// What a cascade changes of a chat completion's body.
struct AskedEvidence {
  std::string body;  // with what the rule needs; "" when nothing was missing
  bool added_logprobs = false;
  bool wants_json = false;  // response_format is an object or a schema
};
// `body`: a chat completion, read before. A client's own `logprobs` stays as it is.
AskedEvidence ask_for_evidence(std::string_view body, policy::StopRule::Method);

// Of a chat completion. format_ok: every choice came to an end that is none of a filter, is not empty, and is JSON where that
// was asked for; arguments of tool calls are JSON. avg_logprob: mean over the first choice's tokens, nats; margin: mean over them of the probability of the
// likeliest less that of the second. Each absent where the reply does not tell.
policy::Evidence evidence_of(std::string_view reply, bool wants_json);

// Without the logprobs of its choices: null stands there.
std::string without_logprobs(std::string_view reply);

}  // namespace wattline::serve
