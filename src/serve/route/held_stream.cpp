#include "serve/route/held_stream.h"

#include <map>

#include <simdjson.h>

#include "kernel/json.h"
#include "serve/route/evidence.h"

namespace wattline::serve {
namespace {

namespace dom = simdjson::dom;

struct ToolCall {
  std::string id, name, arguments;
};
struct Choice {
  std::string content, finish, tokens;
  std::map<std::int64_t, ToolCall> calls;
};

std::string_view text_of(simdjson::simdjson_result<dom::element> e) {
  std::string_view s;
  return e.get_string().get(s) ? std::string_view() : s;
}

void read_calls(dom::object delta, Choice& out) {
  dom::array calls;
  if (delta["tool_calls"].get_array().get(calls)) return;
  for (auto c : calls) {
    std::int64_t index = 0;
    if (c["index"].get_int64().get(index)) index = 0;
    ToolCall& call = out.calls[index];
    call.id += text_of(c["id"]);
    call.name += text_of(c["function"]["name"]);
    call.arguments += text_of(c["function"]["arguments"]);
  }
}

void read_choice(dom::object choice, Choice& out) {
  if (dom::object delta; !choice["delta"].get_object().get(delta)) {
    out.content += text_of(delta["content"]);
    read_calls(delta, out);
  }
  if (const auto finish = text_of(choice["finish_reason"]); !finish.empty()) out.finish = finish;
  dom::array tokens;
  if (choice["logprobs"]["content"].get_array().get(tokens)) return;
  for (auto t : tokens) {
    if (!out.tokens.empty()) out.tokens += ',';
    out.tokens += simdjson::minify(t);
  }
}

std::string json_of(std::string_view text) {
  JsonWriter w;
  w.value(text);
  return w.take();
}

std::string choice_of(std::int64_t index, const Choice& c) {
  std::string calls;
  for (const auto& [at, call] : c.calls) {
    calls += calls.empty() ? "" : ",";
    calls += R"({"id":)" + json_of(call.id) + R"(,"type":"function","function":{"name":)" + json_of(call.name) +
             R"(,"arguments":)" + json_of(call.arguments) + "}}";
  }
  std::string out = R"({"index":)" + std::to_string(index) + R"(,"message":{"role":"assistant","content":)" +
                    json_of(c.content) + (calls.empty() ? "" : R"(,"tool_calls":[)" + calls + "]") +
                    R"(},"logprobs":)" + (c.tokens.empty() ? "null" : R"({"content":[)" + c.tokens + "]}");
  out += R"(,"finish_reason":)" + (c.finish.empty() ? "null" : json_of(c.finish)) + "}";
  return out;
}

}  // namespace

bool HeldStream::keep(const SseParser::Event& e) {
  size_ += e.raw.size() + e.data.size();
  events_.push_back({std::string(e.raw), std::string(e.name), std::string(e.data), e.has_data});
  return whole();
}

std::string HeldStream::reply() const {
  std::map<std::int64_t, Choice> choices;
  dom::parser parser;
  for (const Kept& e : events_) {
    dom::array parts;
    if (!e.has_data || parser.parse(e.data)["choices"].get_array().get(parts)) continue;
    for (auto part : parts) {
      dom::object choice;
      if (part.get_object().get(choice)) continue;
      std::int64_t index = 0;
      if (choice["index"].get_int64().get(index)) index = 0;
      read_choice(choice, choices[index]);
    }
  }
  std::string out = R"({"object":"chat.completion","choices":[)";
  bool first = true;
  for (const auto& [index, c] : choices) {
    if (!std::exchange(first, false)) out += ',';
    out += choice_of(index, c);
  }
  return out + "]}";
}

void HeldStream::drop_logprobs() {
  for (Kept& e : events_) {
    if (!e.has_data || e.data.find("logprobs") == std::string::npos) continue;
    e.data = without_logprobs(e.data);
    e.raw = (e.name.empty() ? "" : "event: " + e.name + "\n") + "data: " + e.data + "\n\n";
  }
}

std::optional<SseParser::Event> HeldStream::next() {
  if (told()) return std::nullopt;
  const Kept& e = events_[next_++];
  SseParser::Event out;
  out.raw = e.raw;
  out.name = e.name;
  out.data = e.data;
  out.has_data = e.has_data;
  return out;
}

}  // namespace wattline::serve
