// A chat completion's body as a draft that plugins may change, and back: what was changed is written at its place in the
// body, the rest is copied byte for byte (numbers of any length, images, schemas, members of tomorrow).
//
// Every text of a message is there: content as a string or in parts, refusals and reasoning of an assistant, arguments of
// tool calls; and so is every further member of a name that is given twice, since which one counts is the upstream's
// affair.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/plugins/draft.h"
#include "serve/json_span.h"

namespace wattline::serve {

class RequestDraft {
 public:
  // `body` must have been found a valid JSON object; it outlives this. What has an unexpected shape is left as it is.
  explicit RequestDraft(std::string_view body);

  policy::Draft draft;

  // Whether anything in the body was changed.
  bool changed() const;
  // The body with what was changed.
  std::string written() const;

 private:
  struct MessagePlace {
    Span object;
    std::vector<Span> texts;  // values, with their quotes
  };
  void read_message(std::string_view object);
  void add_text(std::string_view value, policy::DraftText::Kind, MessagePlace&, policy::DraftMessage&);
  Span span_of(std::string_view part) const {
    return {static_cast<std::size_t>(part.data() - body_.data()), part.size()};
  }

  std::string_view body_;
  Span messages_;  // the array; empty where there is none
  std::vector<MessagePlace> places_;  // by message that was there
  std::vector<Span> label_values_;
  struct MemberPlace {
    Span whole, value;  // name, colon and value; the value alone
  };
  std::vector<MemberPlace> member_places_;  // by member that was there
};

}  // namespace wattline::serve
