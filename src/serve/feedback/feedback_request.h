// What a client says of an answer it got: the body of POST /v1/feedback (docs/formats/feedback.md).
//
//   {"answer_id": "wl-...", "rating": "up" | "down"}    a thumb
//   {"answer_id": "wl-...", "score": 0.7}               0 to 1
//   {"answer_id": "wl-...", "label": "underpowered"}    what was wrong, or right
//   {"answer_id": "wl-...", "better_than": "wl-..."}    of two answers
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "policy/selection.h"
#include "serve/api_error.h"

namespace wattline::serve {

struct FeedbackVerdict {
  enum class Kind : std::uint8_t { rating, score, label, comparison } kind = Kind::rating;
  std::string label;  // "up", "down", "wrong" ...; "" of a score and a comparison
  double quality = 1;  // 0 to 1: of the answer, by this verdict
  std::string better_than;  // id of the other answer, of a comparison

  bool negative() const { return quality < 0.5; }
  // What algorithms are told, but for who was chosen.
  policy::Feedback told() const;
  bool operator==(const FeedbackVerdict&) const = default;
};
struct FeedbackAsk {
  std::string answer_id;  // "wl-..."; a leading "chatcmpl-", as replies of built-in models have it, is taken away
  FeedbackVerdict verdict;
};

// ApiError 400 for whatever it cannot be: no JSON object, an unknown member, more than one verdict or none, a score
// outside 0..1, an unknown label (with those that are known). Bodies above 16 KiB are refused with 413.
std::variant<FeedbackAsk, ApiError> read_feedback(std::string_view body);

}  // namespace wattline::serve
