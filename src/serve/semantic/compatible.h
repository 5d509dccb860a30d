// What two chat requests must share for one's answer to do for the other's question: everything but that question.
//
// The canonical form (canonical_key.h) of the body with the last message's text taken out: model, system prompt,
// earlier messages, parameters, response format, whether it streams. Not to be matched by meaning are requests whose
// last message is not a user's text alone (images, tool results), those with tools, and what the exact cache leaves
// alone too.
#pragma once

#include <string>
#include <string_view>

namespace wattline::serve {

struct CompatibleRequest {
  std::string_view why_not;  // "" when it may be matched; of a static text
  std::string scope;
  std::string question;  // the last message's text
  bool stream = false;
  bool later_turn = false;  // something was said before it by a user or an assistant
  double temperature = 1;  // as asked for; where nothing is said, what the caller of compatible_request gave
};
// `by_user`: `user` and `safety_identifier` count. `usual_temperature`: of a request that says nothing.
CompatibleRequest compatible_request(std::string_view body, bool by_user, double usual_temperature);

}  // namespace wattline::serve
