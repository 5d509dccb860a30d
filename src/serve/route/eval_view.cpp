#include "serve/route/eval_view.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"

namespace wattline::serve {
namespace {

using State = policy::SignalValue::State;
using Names = std::map<std::string, std::vector<std::string>>;  // by the list's name

// The reference names lists in the plural where its configuration does.
std::string list_of(const std::string& type) {
  static const std::map<std::string, std::string> plural = {
      {"keyword", "keywords"}, {"embedding", "embeddings"}, {"domain", "domains"}, {"preference", "preferences"}};
  const auto found = plural.find(type);
  return found == plural.end() ? type : found->second;
}

void write(JsonWriter& w, std::string_view key, const Names& all) {
  w.key(key).begin_object();
  for (const auto& [list, names] : all) {
    w.key(list).begin_array();
    for (const auto& n : names) w.value(n);
    w.end_array();
  }
  w.end_object();
}

void leaves(const policy::Condition& c, Names& out) {
  if (c.kind == policy::Condition::Kind::leaf) {
    auto& names = out[list_of(c.type)];
    if (std::find(names.begin(), names.end(), c.name) == names.end()) names.push_back(c.name);
  }
  for (const auto& part : c.parts) leaves(part, out);
}

double rounded(float v) { return std::round(static_cast<double>(v) * 1e6) / 1e6; }

}  // namespace

std::string eval_json(const EvalView& v) {
  const policy::Engine& engine = *v.engine;
  const policy::Decision* decision = nullptr;
  for (const auto& d : engine.policy().decisions)
    if (!v.told->decision.empty() && d.name == v.told->decision) decision = &d;
  Names used, matched, unmatched;
  if (decision) leaves(decision->when, used);
  std::vector<std::pair<std::string, double>> confidences, values;
  std::vector<std::pair<std::string, std::string>> errors;
  for (std::size_t i = 0; i < engine.signals().size(); ++i) {
    const auto& info = engine.signals()[i];
    const auto value = engine.value(static_cast<policy::SignalIndex>(i), *v.scratch);
    if (value.state == State::unknown) continue;
    const std::string id = info.type + ":" + info.name;
    if (value.state != State::known) {
      errors.emplace_back(id, value.state == State::late ? "late" : "failed");
      continue;
    }
    (value.match ? matched : unmatched)[list_of(info.type)].push_back(info.name);
    if (value.match) confidences.emplace_back(id, rounded(value.confidence));
    if (value.raw != 0) values.emplace_back(id, rounded(value.raw));
  }
  JsonWriter w;
  w.begin_object().member("original_text", v.text).member("requested_model", v.requested_model);
  if (!engine.policy().name.empty()) w.member("recipe", engine.policy().name);
  w.key("decision_result").begin_object().member("decision_name", v.told->decision);
  w.member("algorithm", v.told->algorithm);
  w.key("plugins").begin_array();
  if (decision)
    for (const auto& p : decision->plugins) w.value(p.type.empty() ? p.name : p.type);
  w.end_array();
  write(w, "used_signals", used);
  write(w, "matched_signals", matched);
  write(w, "unmatched_signals", unmatched);
  w.end_object();
  w.key("recommended_models").begin_array();
  for (const auto& c : v.told->considered) w.value(c.model);
  w.end_array();
  if (!v.selected_model.empty()) w.member("selected_model", v.selected_model);
  w.member("selection_status", v.selected_model.empty() ? "unavailable" : "selected");
  w.member("selection_method", v.told->algorithm).member("selection_reason", v.told->reason);
  w.member("routing_decision", v.told->decision);
  w.key("metrics").begin_object().end_object();
  const auto numbers = [&](std::string_view key, const auto& all) {
    w.key(key).begin_object();
    for (const auto& [id, value] : all) w.member(id, value);
    w.end_object();
  };
  numbers("signal_confidences", confidences);
  numbers("signal_values", values);
  if (!errors.empty()) numbers("signal_errors", errors);
  w.key("wattline").begin_object().member("router", v.told->router).member("propensity", v.told->propensity);
  w.member("cpu_ms", 1e3 * v.told->cpu.base()).key("considered").begin_array();
  for (const auto& c : v.told->considered) {
    w.begin_object().member("model", c.model).member("score", c.score).member("expected_quality", c.quality);
    w.member("expected_energy_j", c.joules);
    if (!c.unable_because.empty()) w.member("unable_because", c.unable_because);
    w.end_object();
  }
  w.end_array().end_object().end_object();
  return w.take();
}

EvalAsk read_eval(std::string_view body) {
  Json j = parse_json(body, "body");
  if (!j.is_object()) throw bad_input("is no JSON object", "body", "send {\"text\": \"...\"} or {\"messages\": [...]}");
  EvalAsk ask;
  ask.model = j.text_or("model", "");
  const Json* messages = j.find("messages");
  if (messages && messages->is_array() && !messages->as_array().empty()) {
    ask.chat = j.dump();
    return ask;
  }
  const Json* text = j.find("text");
  if (!text || !text->is_string() || text->as_string().empty())
    throw bad_input("has neither a text nor messages", "body", "send {\"text\": \"...\"} or {\"messages\": [...]}");
  Json message = Json::Object{};
  message.set("role", "user");
  message.set("content", *text);
  Json::Array list;
  list.push_back(std::move(message));
  j.set("messages", std::move(list));
  ask.chat = j.dump();
  return ask;
}

}  // namespace wattline::serve
