// OpenAI completions asked of a model that only chats: one prompt is a single question. Upstreams that speak
// completions never meet this, their requests and replies pass as they are.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "serve/dialect.h"
#include "serve/dialect_body.h"

namespace wattline::serve {
namespace {

// As the reference has it where a client says nothing.
constexpr int default_max_tokens = 16;

constexpr std::array carried = {
    "max_tokens",       "temperature",       "top_p",     "seed", "stop", "stream", "stream_options", "user", "n",
    "presence_penalty", "frequency_penalty", "logit_bias"};
struct Plain {
  const char *key, *value;
};
constexpr std::array<Plain, 4> plain = {{{"echo", "false"}, {"best_of", "1"}, {"suffix", "\"\""}, {"logprobs", ""}}};

JsonText prompt_of(JsonText prompt) {
  if (prompt.is_string()) return prompt;
  const auto list = elements_of(prompt, "prompt");
  if (list.size() == 1 && list[0].is_string()) return list[0];
  untranslatable("prompt", "a built-in model takes one string");
}

ClientCall to_call(JsonText body) {
  const auto members = members_of(body, "the body");
  JsonWriter w;
  w.begin_object().member("model", string_in(body, "model", ""));
  w.key("messages")
      .begin_array()
      .begin_object()
      .member("role", "user")
      .key("content")
      .raw(prompt_of(body["prompt"]).raw())
      .end_object()
      .end_array();
  if (body["max_tokens"].none()) w.member("max_tokens", default_max_tokens);
  for (const auto& m : members) {
    if (m.value.none() || m.key == "model" || m.key == "prompt") continue;
    const auto p = std::find_if(plain.begin(), plain.end(), [&](const Plain& x) { return m.key == x.key; });
    if (p != plain.end()) {
      if (m.value.raw() != p->value) untranslatable(m.key, "a built-in model does not have it");
    } else if (std::find(carried.begin(), carried.end(), m.key) != carried.end()) {
      w.key(m.key).raw(m.value.raw());
    } else {
      untranslatable(m.key.substr(0, 60), "a built-in model does not know it");
    }
  }
  return {w.end_object().take(), {}};
}

// A reply or a chunk of one: they differ in where the text lies.
std::string as_completion(JsonText chat, const char* place) {
  JsonWriter w;
  std::string id = chat["id"].text();
  if (id.starts_with("chatcmpl-")) id.erase(0, 4);
  w.begin_object().member("id", id).member("object", "text_completion");
  carry(w, "created", chat["created"]);
  carry(w, "model", chat["model"]);
  w.key("choices").begin_array();
  for (const auto& choice : chat["choices"].elements()) {
    const JsonText text = choice[place]["content"], finish = choice["finish_reason"];
    w.begin_object().key("text").raw(text.is_string() ? text.raw() : "\"\"").member("index", 0).key("logprobs").null();
    w.key("finish_reason").raw(finish.present() ? finish.raw() : "null").end_object();
  }
  w.end_array();
  carry(w, "usage", chat["usage"]);
  return w.end_object().take();
}

class CompletionsStream : public ClientStream {
 public:
  std::optional<ApiError> push(std::string_view chunk, std::string& out) override {
    // The first chunk of a chat says who speaks and nothing else.
    const JsonText c(chunk);
    for (const auto& choice : c["choices"].elements())
      if (choice["delta"]["role"].present() && choice["delta"]["content"].raw().size() <= 2) return std::nullopt;
    out.append("data: ").append(as_completion(c, "delta")).append("\n\n");
    return std::nullopt;
  }
  void finish(std::string& out) override { out += "data: [DONE]\n\n"; }
  void fail(const ApiError& e, std::string& out) override { out.append("data: ").append(to_json(e)).append("\n\n"); }
};

class CompletionsDialect : public ClientDialect {
 public:
  std::string_view name() const override { return "completions"; }
  std::variant<ClientCall, ApiError> read(std::string_view body) const override {
    if (auto e = check_json_object(body, "the body")) return *std::move(e);
    return translated<ClientCall>([&] { return to_call(JsonText(body)); });
  }
  std::string reply(const ClientCall&, std::string_view chat_reply) const override {
    return as_completion(JsonText(chat_reply), "message");
  }
  std::unique_ptr<ClientStream> stream(const ClientCall&) const override {
    return std::make_unique<CompletionsStream>();
  }
  std::string error(const ApiError& e) const override { return to_json(e); }
};

}  // namespace

const ClientDialect& completions_dialect() {
  static const CompletionsDialect dialect;
  return dialect;
}

}  // namespace wattline::serve
