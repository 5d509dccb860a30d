// Chat completion -> Anthropic messages: the request to an upstream that speaks Anthropic.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "serve/dialect_anthropic.h"
#include "serve/dialect_body.h"
#include "serve/dialect_messages.h"

namespace wattline::serve {
namespace {

// Turns as Anthropic wants them: user and assistant by turns, results of tools first in the user's.
class Turns {
 public:
  explicit Turns(JsonWriter& w) : w_(w) {}
  void add(std::string_view role, std::string block, bool first = false) {
    if (role != role_) end();
    role_ = role;
    (first ? first_ : rest_).push_back(std::move(block));
  }
  void end() {
    if (!first_.empty() || !rest_.empty()) {
      w_.begin_object().member("role", role_).key("content").begin_array();
      for (const auto* list : {&first_, &rest_})
        for (const auto& b : *list) w_.raw(b);
      w_.end_array().end_object();
    }
    first_.clear();
    rest_.clear();
  }

 private:
  JsonWriter& w_;
  std::string role_;
  std::vector<std::string> first_, rest_;
};

std::string text_block(JsonText quoted, JsonText cache_control = {}) {
  JsonWriter w;
  w.begin_object().member("type", "text").key("text").raw(quoted.raw());
  carry(w, "cache_control", cache_control);
  return w.end_object().take();
}

// Anthropic refuses texts without a word.
bool empty_text(JsonText quoted) { return quoted.raw().size() <= 2; }

// "data:image/png;base64,AAAA" -> a base64 source; other URLs as they are.
void write_source(JsonWriter& w, const std::string& url, const std::string& path) {
  w.key("source").begin_object();
  if (!url.starts_with("data:")) {
    w.member("type", "url").member("url", url).end_object();
    return;
  }
  const std::size_t comma = url.find(',');
  const std::string_view head = std::string_view(url).substr(5, comma == std::string::npos ? 0 : comma - 5);
  if (!head.ends_with(";base64")) refuse(path, "must be an http(s) URL or data:MEDIA;base64,DATA");
  w.member("type", "base64").member("media_type", head.substr(0, head.find(';')));
  w.member("data", std::string_view(url).substr(comma + 1)).end_object();
}

std::string part_block(JsonText part, const std::string& path) {
  const std::string type = string_in(part, "type", path);
  JsonWriter w;
  if (type == "text" || type == "input_text" || type == "refusal") {
    const char* member = type == "refusal" ? "refusal" : "text";
    return text_block(quoted_in(part, member, path), part["cache_control"]);
  }
  if (type == "image_url") {
    const JsonText image = part["image_url"];
    const std::string where = at(path, "image_url");
    w.begin_object().member("type", "image");
    write_source(w, image.is_string() ? image.text() : string_in(image, "url", where), where);
    carry(w, "cache_control", part["cache_control"]);
    return w.end_object().take();
  }
  if (type == "file") {
    const std::string where = at(path, "file");
    if (!part["file"]["file_id"].none())
      untranslatable(at(where, "file_id"), "files of another server are not known to the upstream");
    w.begin_object().member("type", "document");
    write_source(w, string_in(part["file"], "file_data", where), where);
    carry(w, "title", part["file"]["filename"]);
    carry(w, "cache_control", part["cache_control"]);
    return w.end_object().take();
  }
  untranslatable(at(path, "type"),
                 fmt::format("the upstream takes text, images and documents, not '{}'", type.substr(0, 60)));
}

// Blocks of a content that is a string, parts or nothing.
template <class F>
void each_block(JsonText content, const std::string& path, F&& use) {
  if (content.none()) return;
  if (content.is_string()) {
    if (!empty_text(content)) use(text_block(content));
    return;
  }
  const auto parts = elements_of(content, path);
  for (std::size_t i = 0; i < parts.size(); ++i)
    if (!(parts[i]["type"].is("text") && parts[i]["text"].is_string() && empty_text(parts[i]["text"])))
      use(part_block(parts[i], at(path, i)));
}

std::string tool_result(JsonText message, const std::string& path) {
  JsonWriter w;
  w.begin_object()
      .member("type", "tool_result")
      .member("tool_use_id", string_in(message, "tool_call_id", path))
      .key("content");
  const JsonText content = message["content"];
  if (content.is_string()) {
    w.raw(content.raw());
  } else {
    w.begin_array();
    each_block(content, at(path, "content"), [&](const std::string& b) { w.raw(b); });
    w.end_array();
  }
  return w.end_object().take();
}

void add_assistant(Turns& turns, JsonText message, const std::string& path) {
  if (!message["audio"].none()) untranslatable(at(path, "audio"), "the upstream takes no audio");
  if (!message["function_call"].none())
    untranslatable(at(path, "function_call"), "tools and tool_calls are its successors");
  // What its model has thought, signed, comes before all else.
  for (const auto& block : message["thinking_blocks"].elements()) turns.add("assistant", std::string(block.raw()));
  each_block(message["content"], at(path, "content"), [&](std::string b) { turns.add("assistant", std::move(b)); });
  const JsonText calls = message["tool_calls"];
  if (calls.none()) return;
  const auto list = elements_of(calls, at(path, "tool_calls"));
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string where = at(at(path, "tool_calls"), i);
    if (!list[i]["type"].none() && !list[i]["type"].is("function"))
      untranslatable(at(where, "type"), "function alone is known");
    const JsonText function = list[i]["function"];
    JsonWriter w;
    w.begin_object().member("type", "tool_use").member("id", string_in(list[i], "id", where));
    w.member("name", string_in(function, "name", at(where, "function")));
    w.key("input").raw(arguments_object(function["arguments"].text())).end_object();
    turns.add("assistant", w.take());
  }
}

void write_messages(JsonWriter& w, JsonText messages) {
  const auto list = elements_of(messages, "messages");
  JsonWriter system, out;
  system.begin_array();
  out.begin_array();
  bool any_system = false;
  Turns turns(out);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = at("messages", i), role = string_in(list[i], "role", path);
    if (role == "system" || role == "developer") {
      each_block(list[i]["content"], at(path, "content"), [&](const std::string& b) {
        system.raw(b);
        any_system = true;
      });
    } else if (role == "user") {
      each_block(list[i]["content"], at(path, "content"), [&](std::string b) { turns.add("user", std::move(b)); });
    } else if (role == "assistant") {
      add_assistant(turns, list[i], path);
    } else if (role == "tool") {
      turns.add("user", tool_result(list[i], path), true);
    } else {
      untranslatable(at(path, "role"), fmt::format("the upstream knows no role '{}'", role.substr(0, 60)));
    }
  }
  turns.end();
  if (any_system) w.key("system").raw(system.end_array().take());
  w.key("messages").raw(out.end_array().take());
}

void write_tools(JsonWriter& w, JsonText tools) {
  if (tools.none()) return;
  const auto list = elements_of(tools, "tools");
  w.key("tools").begin_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = at("tools", i);
    if (string_in(list[i], "type", path) != "function") untranslatable(at(path, "type"), "function alone is known");
    const JsonText f = list[i]["function"];
    w.begin_object().member("name", string_in(f, "name", at(path, "function")));
    carry(w, "description", f["description"]);
    w.key("input_schema")
        .raw(f["parameters"].none() ? std::string_view(R"({"type":"object","properties":{}})") : f["parameters"].raw());
    if (f["strict"].is_true()) w.member("strict", true);
    carry(w, "cache_control", list[i]["cache_control"]);
    w.end_object();
  }
  w.end_array();
}

void write_tool_choice(JsonWriter& w, JsonText choice, JsonText parallel) {
  const bool one = parallel.is_false();
  if (choice.none() && !one) return;
  w.key("tool_choice").begin_object();
  if (choice.none() || choice.is("auto")) {
    w.member("type", "auto");
  } else if (choice.is("none")) {
    w.member("type", "none").end_object();
    return;
  } else if (choice.is("required")) {
    w.member("type", "any");
  } else if (choice["type"].is("function")) {
    w.member("type", "tool").member("name", string_in(choice["function"], "name", "tool_choice.function"));
  } else {
    untranslatable("tool_choice", "auto, none, required and one function are known");
  }
  if (one) w.member("disable_parallel_tool_use", true);
  w.end_object();
}

void write_output(JsonWriter& w, JsonText effort, JsonText format) {
  const bool with_format = !format.none() && !format["type"].is("text");
  // "none" asks for no thinking, and without asking Anthropic's models think none.
  const bool with_effort = !effort.none() && !effort.is("none");
  if (!with_format && !with_effort) return;
  w.key("output_config").begin_object();
  if (with_effort) w.member("effort", effort.is("minimal") ? "low" : string_of(effort, "reasoning_effort"));
  if (with_format) {
    if (!format["type"].is("json_schema"))
      untranslatable("response_format", "the upstream takes JSON by a schema (json_schema) alone");
    const JsonText schema = format["json_schema"]["schema"];
    if (!schema.is_object()) refuse("response_format.json_schema.schema", "must be an object");
    w.key("format").begin_object().member("type", "json_schema").key("schema").raw(schema.raw()).end_object();
  }
  w.end_object();
}

void write_stop(JsonWriter& w, JsonText stop) {
  if (stop.none()) return;
  w.key("stop_sequences");
  if (stop.is_string()) {
    w.begin_array().raw(stop.raw()).end_array();
    return;
  }
  elements_of(stop, "stop");
  w.raw(stop.raw());
}

// Read above, by name.
constexpr std::array taken = {"model",
                              "messages",
                              "tools",
                              "tool_choice",
                              "parallel_tool_calls",
                              "response_format",
                              "reasoning_effort",
                              "stop",
                              "max_tokens",
                              "max_completion_tokens",
                              "stream",
                              "user",
                              "safety_identifier"};
// Hints and labels: the answer is the same without.
constexpr std::array dropped = {"stream_options", "metadata", "store", "prompt_cache_key", "prompt_cache_retention"};
// What asks for something that Anthropic does not have; the plain value that asks for nothing is let through.
struct Plain {
  const char *key, *value, *or_value;
};
constexpr std::array<Plain, 15> plain = {{{"n", "1", ""},
                                          {"logprobs", "false", ""},
                                          {"top_logprobs", "0", ""},
                                          {"logit_bias", "{}", ""},
                                          {"presence_penalty", "0", "0.0"},
                                          {"frequency_penalty", "0", "0.0"},
                                          {"seed", "", ""},
                                          {"audio", "", ""},
                                          {"modalities", "[\"text\"]", ""},
                                          {"prediction", "", ""},
                                          {"functions", "[]", ""},
                                          {"function_call", "", ""},
                                          {"web_search_options", "", ""},
                                          {"verbosity", "\"medium\"", ""},
                                          {"system", "", ""}}};

void write_member(JsonWriter& w, const std::string& key, JsonText v) {
  const auto named = [&](const auto& names) { return std::find(names.begin(), names.end(), key) != names.end(); };
  if (v.none() || named(taken) || named(dropped)) return;
  for (const auto& p : plain) {
    if (key != p.key) continue;
    if (v.raw() != p.value && v.raw() != p.or_value)
      untranslatable(key, "the upstream speaks Anthropic, which does not have it");
    return;
  }
  if (key == "temperature") {
    double t = -1;
    try {
      t = std::stod(std::string(v.raw().substr(0, 40)));
    } catch (const std::exception&) {}
    if (!v.is_number() || !(t >= 0 && t <= 1)) refuse(key, "must be 0 to 1 for an upstream that speaks Anthropic");
    w.key(key).raw(v.raw());
  } else if (key == "service_tier") {
    if (v.is("default")) w.member("service_tier", "standard_only");
    else if (!v.is("auto")) untranslatable(key, "auto and default are known");
  } else {
    w.key(key).raw(v.raw());
  }
}

std::string to_messages(JsonText chat, std::string_view model, std::int64_t default_max_tokens) {
  const auto members = members_of(chat, "the body");
  const auto given = [&](std::string_view key) { return find_in(members, key); };
  JsonWriter w;
  w.begin_object().member("model", model);
  JsonText limit = given("max_completion_tokens");
  if (limit.none()) limit = given("max_tokens");
  w.key("max_tokens");
  limit.none() ? w.value(default_max_tokens) : w.value(integer_of(limit, "max_tokens", 1, std::int64_t{1} << 40));
  write_messages(w, given("messages"));
  write_tools(w, given("tools"));
  write_tool_choice(w, given("tool_choice"), given("parallel_tool_calls"));
  write_output(w, given("reasoning_effort"), given("response_format"));
  write_stop(w, given("stop"));
  JsonText user = given("safety_identifier");
  if (user.none()) user = given("user");
  if (!user.none()) w.key("metadata").begin_object().member("user_id", string_of(user, "user")).end_object();
  for (const auto& m : members) write_member(w, m.key, m.value);
  if (flag_of(given("stream"), "stream")) w.member("stream", true);
  return w.end_object().take();
}

}  // namespace

Translated chat_to_anthropic(std::string_view chat, std::string_view model, std::int64_t default_max_tokens) {
  if (auto e = check_json_object(chat, "the body")) return *std::move(e);
  return translated<std::string>([&] { return to_messages(JsonText(chat), model, default_max_tokens); });
}

}  // namespace wattline::serve
