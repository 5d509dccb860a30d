// OpenAI responses -> chat completion: the request.
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "serve/dialect_body.h"
#include "serve/dialect_parts.h"
#include "serve/dialect_responses.h"

namespace wattline::serve {
namespace {

void add_part(JsonText part, const std::string& path, ContentParts& out) {
  const std::string type = string_in(part, "type", path);
  if (type == "input_text" || type == "output_text" || type == "text") {
    out.add_text(quoted_in(part, "text", path).raw());
  } else if (type == "refusal") {
    out.add_text(quoted_in(part, "refusal", path).raw());
  } else if (type == "input_image") {
    if (part["image_url"].none()) untranslatable(at(path, "file_id"), "an image by its URL or as data is known");
    out.add_image(string_in(part, "image_url", path),
                  part["detail"].none() ? "" : string_of(part["detail"], at(path, "detail")));
  } else if (type == "input_file") {
    if (!part["file_url"].none()) untranslatable(at(path, "file_url"), "a file as data (file_data) is known");
    JsonWriter w;
    w.begin_object().member("type", "file").key("file").begin_object();
    for (const char* member : {"file_id", "filename", "file_data"}) carry(w, member, part[member]);
    out.add(w.end_object().end_object().take());
  } else if (type == "input_audio") {
    JsonWriter w;
    w.begin_object()
        .member("type", "input_audio")
        .key("input_audio")
        .raw(part["input_audio"].is_object() ? part["input_audio"].raw() : "{}");
    out.add(w.end_object().take());
  } else {
    untranslatable(at(path, "type"),
                   fmt::format("content of type '{}' has no counterpart in a chat completion", type.substr(0, 60)));
  }
}

ContentParts content_of(JsonText content, const std::string& path) {
  ContentParts out;
  if (content.is_string()) {
    out.add_text(content.raw());
    return out;
  }
  const auto parts = elements_of(content, path);
  for (std::size_t i = 0; i < parts.size(); ++i) add_part(parts[i], at(path, i), out);
  return out;
}

// The messages while the items go by: reasoning, words and calls of one turn are one assistant's message,
// and what stands first as instructions is one system message, as templates of many models want it.
class Messages {
 public:
  explicit Messages(JsonWriter& w) : w_(w) { w_.key("messages").begin_array(); }

  void instruct(ContentParts parts) {
    if (begun_) return plain("system", parts);
    system_.add_all(std::move(parts));
  }
  void say(std::string_view role, const ContentParts& parts) {
    begin();
    plain(role, parts);
  }
  void answer(const ContentParts& parts) {
    begin();
    if (!moved_.empty() || has_words_ || !calls_.empty()) end_turn();
    JsonWriter words;
    parts.write(words);
    words_ = words.take();
    has_words_ = true;
  }
  void think(std::string text) {
    begin();
    if (!moved_.empty() || has_words_ || !calls_.empty()) end_turn();
    thinking_ += text;
  }
  void call(std::string json) {
    begin();
    if (!moved_.empty()) end_turn();
    calls_.push_back(std::move(json));
  }
  // Chat completions take results of text alone: other content follows as the user's, after the last result.
  void result(const std::string& id, const ContentParts& texts, ContentParts others) {
    begin();
    end_turn(false);
    w_.begin_object().member("role", "tool").member("tool_call_id", id).key("content");
    texts.write(w_);
    w_.end_object();
    if (others.empty()) return;
    moved_.add_plain_text(fmt::format("Result of tool call {}:", id));
    moved_.add_all(std::move(others));
  }
  void end() {
    begin();
    end_turn();
    w_.end_array();
  }

 private:
  void begin() {
    if (begun_) return;
    begun_ = true;
    if (!system_.empty()) plain("system", system_);
  }
  void plain(std::string_view role, const ContentParts& parts) {
    end_turn();
    w_.begin_object().member("role", role).key("content");
    parts.write(w_);
    w_.end_object();
  }
  void end_turn(bool results_end = true) {
    if (results_end && !moved_.empty()) {
      const ContentParts moved = std::exchange(moved_, {});
      plain("user", moved);
    }
    if (has_words_ || !calls_.empty()) {
      w_.begin_object().member("role", "assistant").key("content");
      has_words_ ? w_.raw(words_) : w_.null();
      if (!thinking_.empty()) w_.member("reasoning_content", thinking_);
      if (!calls_.empty()) {
        w_.key("tool_calls").begin_array();
        for (const auto& c : calls_) w_.raw(c);
        w_.end_array();
      }
      w_.end_object();
    }
    has_words_ = false;
    thinking_.clear();
    calls_.clear();
  }

  JsonWriter& w_;
  ContentParts system_, moved_;
  std::string words_, thinking_;
  std::vector<std::string> calls_;
  bool begun_ = false, has_words_ = false;
};

void take_message(Messages& out, JsonText item, const std::string& path) {
  const std::string role = string_in(item, "role", path);
  const auto content = content_of(item["content"], at(path, "content"));
  if (role == "system" || role == "developer") out.instruct(content);
  else if (role == "assistant") out.answer(content);
  else if (role == "user") out.say(role, content);
  else
    refuse(at(path, "role"),
           fmt::format("is '{}'; user, assistant, system and developer are allowed", role.substr(0, 60)));
}

void take_item(Messages& out, JsonText item, const std::string& path) {
  const JsonText given = item["type"];
  const std::string type = given.none() ? "message" : string_of(given, at(path, "type"));
  members_of(item, path);
  if (type == "message") {
    take_message(out, item, path);
  } else if (type == "function_call") {
    JsonWriter w;
    w.begin_object()
        .member("id", string_in(item, "call_id", path))
        .member("type", "function")
        .key("function")
        .begin_object();
    w.member("name", string_in(item, "name", path))
        .member("arguments", string_in(item, "arguments", path))
        .end_object()
        .end_object();
    out.call(w.take());
  } else if (type == "function_call_output") {
    const std::string where = at(path, "output");
    const JsonText output = item["output"];
    ContentParts texts, others;
    if (output.is_string()) {
      texts.add_text(output.raw());
    } else {
      const auto parts = elements_of(output, where);
      for (std::size_t i = 0; i < parts.size(); ++i)
        add_part(parts[i], at(where, i), parts[i]["type"].is("input_text") ? texts : others);
    }
    out.result(string_in(item, "call_id", path), texts, std::move(others));
  } else if (type == "reasoning") {
    // What another server's model has thought is closed to this one.
    if (!item["id"].text().starts_with(reasoning_id_prefix)) return;
    std::string text;
    for (const auto& part : item["content"].elements()) text += part["text"].text();
    out.think(std::move(text));
  } else if (type == "item_reference") {
    untranslatable(at(path, "type"),
                   "nothing is stored here: send the items themselves (clients do so with \"store\": false)");
  } else {
    untranslatable(at(path, "type"),
                   fmt::format("an item of type '{}' has no counterpart in a chat completion", type.substr(0, 60)));
  }
}

void write_messages(JsonWriter& w, JsonText instructions, JsonText input) {
  Messages out(w);
  if (!instructions.none()) {
    string_of(instructions, "instructions");
    out.instruct(content_of(instructions, "instructions"));
  }
  if (input.is_string()) {
    out.say("user", content_of(input, "input"));
  } else {
    const auto items = elements_of(input, "input");
    if (items.empty()) refuse("input", "must be a string or an array of at least one item");
    for (std::size_t i = 0; i < items.size(); ++i) take_item(out, items[i], at("input", i));
  }
  out.end();
}

void write_tools(JsonWriter& w, JsonText tools) {
  const auto list = elements_of(tools, "tools");
  if (list.empty()) return;
  w.key("tools").begin_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = at("tools", i), type = string_in(list[i], "type", path);
    if (type != "function")
      untranslatable(at(path, "type"),
                     fmt::format("tools of type '{}' run at OpenAI alone; function is known", type.substr(0, 60)));
    w.begin_object()
        .member("type", "function")
        .key("function")
        .begin_object()
        .member("name", string_in(list[i], "name", path));
    for (const char* member : {"description", "parameters", "strict"}) carry(w, member, list[i][member]);
    w.end_object().end_object();
  }
  w.end_array();
}

void write_tool_choice(JsonWriter& w, JsonText choice) {
  w.key("tool_choice");
  if (choice.is("auto") || choice.is("none") || choice.is("required")) {
    w.raw(choice.raw());
  } else if (choice["type"].is("function")) {
    w.begin_object().member("type", "function").key("function").begin_object();
    w.member("name", string_in(choice, "name", "tool_choice")).end_object().end_object();
  } else {
    untranslatable("tool_choice", "auto, none, required and one function are known");
  }
}

void write_text(JsonWriter& w, JsonText text) {
  for (const auto& m : members_of(text, "text")) {
    if (m.value.none()) continue;
    if (m.key == "verbosity") {
      w.key(m.key).raw(m.value.raw());
    } else if (m.key == "format") {
      const std::string type = string_in(m.value, "type", "text.format");
      if (type == "text") continue;
      w.key("response_format").begin_object().member("type", type);
      if (type == "json_schema") {
        w.key("json_schema").begin_object();
        for (const auto& f : members_of(m.value, "text.format"))
          if (f.key != "type") carry(w, f.key, f.value);
        w.end_object();
      } else if (type != "json_object") {
        untranslatable("text.format.type", "text, json_object and json_schema are known");
      }
      w.end_object();
    } else {
      untranslatable(at("text", m.key.substr(0, 60)), "it is not known");
    }
  }
}

// What refers to something that is stored, or runs apart from the answer.
constexpr std::array refused = {"previous_response_id", "conversation", "prompt", "background"};
// Hints, labels, and what only built-in tools look at.
constexpr std::array dropped = {"model", "input",      "instructions", "stream",        "stream_options",
                                "store", "truncation", "metadata",     "max_tool_calls"};
// Members of a chat completion that this translation writes itself.
constexpr std::array foreign = {
    "messages", "max_tokens", "max_completion_tokens", "response_format", "reasoning_effort", "verbosity",
    "logprobs", "n"};

void write_include(JsonWriter& w, JsonText include) {
  const auto list = elements_of(include, "include");
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (string_of(list[i], at("include", i)) == "message.output_text.logprobs") w.member("logprobs", true);
  }
}

void write_member(JsonWriter& w, const std::string& key, JsonText v, bool has_tools) {
  const auto named = [&](const auto& names) { return std::find(names.begin(), names.end(), key) != names.end(); };
  if (named(dropped)) return;
  if (named(foreign)) refuse(key, "is a member of chat completions, not of responses");
  if (named(refused)) {
    if (!v.none() && !v.is_false())
      untranslatable(key, "nothing is stored here: send the whole conversation as input and wait for the answer");
    return;
  }
  if (v.none()) return;
  // Servers refuse a choice among no tools, which some clients always send.
  if (!has_tools && ((key == "tool_choice" && !v.is_object() && !v.is("required")) || key == "parallel_tool_calls"))
    return;
  if (key == "max_output_tokens") {
    w.member("max_tokens", integer_of(v, key, 1, std::int64_t{1} << 40));
  } else if (key == "tools") {
    write_tools(w, v);
  } else if (key == "tool_choice") {
    write_tool_choice(w, v);
  } else if (key == "text") {
    write_text(w, v);
  } else if (key == "include") {
    write_include(w, v);
  } else if (key == "reasoning") {
    if (const JsonText effort = JsonText(v)["effort"]; !effort.none())
      w.member("reasoning_effort", string_of(effort, "reasoning.effort"));
    members_of(v, key);
  } else {
    w.key(key).raw(v.raw());
  }
}

// What the response says again.
std::string echo_of(const std::vector<JsonText::Member>& members) {
  JsonWriter w;
  w.begin_object();
  for (const char* key : {"instructions", "max_output_tokens", "max_tool_calls", "metadata", "parallel_tool_calls",
                          "reasoning", "temperature", "text", "tool_choice", "tools", "top_p", "user"})
    carry(w, key, find_in(members, key));
  return w.end_object().take();
}

ClientCall to_call(JsonText body) {
  const auto members = members_of(body, "the body");
  JsonWriter w;
  const auto given = [&](std::string_view key) { return find_in(members, key); };
  w.begin_object().member("model", string_of(given("model"), "model"));
  write_messages(w, given("instructions"), given("input"));
  const bool has_tools = !given("tools").empty();
  for (const auto& m : members) write_member(w, m.key, m.value, has_tools);
  if (flag_of(given("stream"), "stream"))
    w.member("stream", true).key("stream_options").begin_object().member("include_usage", true).end_object();
  return {w.end_object().take(), echo_of(members)};
}

}  // namespace

std::variant<ClientCall, ApiError> responses_to_chat(std::string_view body) {
  if (auto e = check_json_object(body, "the body")) return *std::move(e);
  return translated<ClientCall>([&] { return to_call(JsonText(body)); });
}

}  // namespace wattline::serve
