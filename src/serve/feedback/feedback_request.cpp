#include "serve/feedback/feedback_request.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/error.h"
#include "kernel/json.h"

namespace wattline::serve {
namespace {

constexpr std::size_t largest_body = 16 * 1024, longest_id = 100;

struct Label {
  std::string_view name;
  double quality;
};
// What a user does with an answer, and what was wrong with it.
constexpr std::array<Label, 9> labels = {{{"good", 1},
                                          {"accepted", 1},
                                          {"copied", 1},
                                          {"overprovisioned", 1},
                                          {"wrong", 0},
                                          {"underpowered", 0},
                                          {"failed", 0},
                                          {"regenerated", 0},
                                          {"reasked", 0}}};

ApiError fault(std::string message, std::string member = {}) {
  return invalid_request(std::move(message), std::move(member), "bad_feedback");
}

// The id of one of our answers, or what is wrong with it.
std::variant<std::string, ApiError> id_of(const Json& value, const char* member) {
  if (!value.is_string()) return fault(fmt::format("'{}' is no text", member), member);
  std::string_view id = value.as_string();
  constexpr std::string_view prefix = "chatcmpl-";
  if (id.starts_with(prefix)) id.remove_prefix(prefix.size());
  if (id.empty() || id.size() > longest_id)
    return fault(fmt::format("'{}' has {} bytes; 1 to {} are allowed", member, id.size(), longest_id), member);
  return std::string(id);
}

std::variant<FeedbackVerdict, ApiError> verdict_of(const std::string& member, const Json& value) {
  FeedbackVerdict v;
  if (member == "rating") {
    const bool text = value.is_string();
    if (!text || (value.as_string() != "up" && value.as_string() != "down"))
      return fault(fmt::format("'rating' is {}; \"up\" and \"down\" are allowed", value.dump().substr(0, 60)), member);
    v.label = value.as_string();
    v.quality = v.label == "up" ? 1 : 0;
  } else if (member == "score") {
    v.kind = FeedbackVerdict::Kind::score;
    if (!value.is_number() || !(value.as_number() >= 0 && value.as_number() <= 1))
      return fault(fmt::format("'score' is {}; 0 to 1 is allowed", value.dump().substr(0, 60)), member);
    v.quality = value.as_number();
  } else if (member == "label") {
    v.kind = FeedbackVerdict::Kind::label;
    const auto known = std::find_if(labels.begin(), labels.end(),
                                    [&](const Label& l) { return value.is_string() && value.as_string() == l.name; });
    if (known == labels.end()) {
      std::vector<std::string_view> names;
      for (const auto& l : labels) names.push_back(l.name);
      return fault(fmt::format("'label' is {}; {} are allowed", value.dump().substr(0, 60), fmt::join(names, ", ")),
                   member);
    }
    v.label = known->name;
    v.quality = known->quality;
  } else {
    v.kind = FeedbackVerdict::Kind::comparison;
    auto id = id_of(value, "better_than");
    if (auto* e = std::get_if<ApiError>(&id)) return std::move(*e);
    v.better_than = std::get<std::string>(std::move(id));
  }
  return v;
}

}  // namespace

policy::Feedback FeedbackVerdict::told() const {
  policy::Feedback f;
  f.quality = quality;
  if (label == "underpowered" || label == "wrong" || label == "down") f.underpowered = true;
  if (label == "overprovisioned") f.overprovisioned = true;
  if (label == "failed") f.failed = true;
  return f;
}

std::variant<FeedbackAsk, ApiError> read_feedback(std::string_view body) {
  if (body.size() > largest_body)
    return api_error(413, fmt::format("the body has {} bytes; {} are allowed", body.size(), largest_body),
                     "invalid_request_error", {}, "body_too_large");
  Json j;
  try {
    j = parse_json(body, "body");
  } catch (const Error& e) {
    return fault(e.what());
  }
  if (!j.is_object()) return fault("the body must be a JSON object");
  FeedbackAsk ask;
  std::set<std::string> seen;
  bool judged = false;
  for (const auto& [member, value] : j.as_object()) {
    if (!seen.insert(member).second) return fault(fmt::format("'{}' is given twice", member.substr(0, 60)));
    if (member == "answer_id") {
      auto id = id_of(value, "answer_id");
      if (auto* e = std::get_if<ApiError>(&id)) return std::move(*e);
      ask.answer_id = std::get<std::string>(std::move(id));
    } else if (member == "rating" || member == "score" || member == "label" || member == "better_than") {
      if (judged)
        return fault("more than one of rating, score, label and better_than is given; one is allowed", member);
      judged = true;
      auto verdict = verdict_of(member, value);
      if (auto* e = std::get_if<ApiError>(&verdict)) return std::move(*e);
      ask.verdict = std::get<FeedbackVerdict>(std::move(verdict));
    } else {
      return fault(fmt::format("'{}' is not known here; answer_id and one of rating, score, label and better_than are "
                               "allowed",
                               member.substr(0, 60)),
                   member.substr(0, 60));
    }
  }
  if (ask.answer_id.empty())
    return fault("'answer_id' is missing: the id in x-wattline-answer-id or usage.wattline", "answer_id");
  if (!judged) return fault("nothing is said of the answer: give one of rating, score, label and better_than");
  if (ask.verdict.better_than == ask.answer_id) return fault("an answer is not better than itself", "better_than");
  return ask;
}

}  // namespace wattline::serve
