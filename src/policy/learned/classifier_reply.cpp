#include "policy/learned/classifier_reply.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/utf8.h"

namespace wattline::policy {
namespace {

constexpr std::size_t most_labels = 4096;

const Json* first_of(const Json& object, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const Json* found = object.find(name)) return found;
  return nullptr;
}

void add(LabelScores& out, std::string label, const Json& score, std::string_view where) {
  if (!score.is_number() || !(score.as_number() >= 0 && score.as_number() <= 1))
    throw bad_input(
        fmt::format("the score of '{}' is {}; 0 to 1 is allowed", shown_text(label), score.dump().substr(0, 40)),
        std::string(where));
  if (label.empty()) throw bad_input("a label is empty", std::string(where));
  if (out.size() == most_labels) throw bad_input(fmt::format("more than {} labels", most_labels), std::string(where));
  out.emplace_back(std::move(label), score.as_number());
}

// {"label": ..., "score": ...}; false: it is none.
bool add_entry(LabelScores& out, const Json& entry, std::string_view where) {
  if (!entry.is_object()) return false;
  const Json *label = first_of(entry, {"label", "class", "category"}),
             *score = first_of(entry, {"score", "probability", "confidence"});
  if (!label || !score || !label->is_string()) return false;
  add(out, label->as_string(), *score, where);
  return true;
}

bool add_list(LabelScores& out, const Json& list, std::string_view where) {
  if (!list.is_array() || list.as_array().empty()) return false;
  for (const Json& entry : list.as_array())
    if (!add_entry(out, entry, where)) return false;
  return true;
}

}  // namespace

LabelScores read_classifier_reply(std::string_view json, std::string_view where) {
  const Json j = parse_json(json, where);
  LabelScores out;
  if (j.is_array()) {
    const bool nested = j.as_array().size() == 1 && j.as_array().front().is_array();
    if (add_list(out, nested ? j.as_array().front() : j, where)) return out;
  } else if (j.is_object()) {
    if (const Json* list = first_of(j, {"labels", "predictions", "results"}); list && add_list(out, *list, where))
      return out;
    if (const Json* map = first_of(j, {"scores", "probabilities"}); map && map->is_object()) {
      for (const auto& [label, score] : map->as_object()) add(out, label, score, where);
      if (!out.empty()) return out;
    }
    if (add_entry(out, j, where)) return out;
  }
  throw bad_input("says no label with a score", std::string(where),
                  "a classifier answers {\"label\": \"...\", \"score\": 0.9} or a list of these");
}

double score_of(const LabelScores& all, std::string_view label) {
  for (const auto& [name, score] : all)
    if (name == label) return score;
  return 0;
}

}  // namespace wattline::policy
