// Anthropic messages -> chat completion: the request.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "serve/dialect_body.h"
#include "serve/dialect_messages.h"
#include "serve/dialect_parts.h"

namespace wattline::serve {
namespace {

void add_image(JsonText block, const std::string& path, ContentParts& out) {
  const JsonText source = block["source"];
  const std::string where = at(path, "source"), type = string_in(source, "type", where);
  if (type == "url") return out.add_image(string_in(source, "url", where));
  if (type != "base64")
    untranslatable(at(where, "type"), fmt::format("an image from a source of type '{}'; base64 and url are", type));
  out.add_image(
      fmt::format("data:{};base64,{}", string_in(source, "media_type", where), string_in(source, "data", where)));
}

void add_block(JsonText block, const std::string& path, ContentParts& out);

void add_document(JsonText block, const std::string& path, ContentParts& out) {
  if (block["citations"]["enabled"].is_true()) untranslatable(at(path, "citations"), "the upstream cites nothing");
  const JsonText source = block["source"];
  const std::string where = at(path, "source"), type = string_in(source, "type", where);
  const std::string title = block["title"].none() ? "document" : string_of(block["title"], at(path, "title"));
  if (!block["context"].none()) out.add_plain_text(string_of(block["context"], at(path, "context")));
  if (type == "base64") {
    const std::string media = string_in(source, "media_type", where);
    out.add_file(title, fmt::format("data:{};base64,{}", media, string_in(source, "data", where)));
  } else if (type == "text") {
    out.add_plain_text(string_in(source, "data", where));
  } else if (type == "content") {
    const JsonText content = source["content"];
    if (content.is_string()) return out.add_text(content.raw());
    const auto blocks = elements_of(content, at(where, "content"));
    for (std::size_t i = 0; i < blocks.size(); ++i) add_block(blocks[i], at(at(where, "content"), i), out);
  } else {
    untranslatable(at(where, "type"),
                   fmt::format("a document from a source of type '{}'; base64, text and content are", type));
  }
}

// What users and tools say.
void add_block(JsonText block, const std::string& path, ContentParts& out) {
  const std::string type = string_in(block, "type", path);
  if (type == "text") {
    out.add_text(quoted_in(block, "text", path).raw());
  } else if (type == "image") {
    add_image(block, path, out);
  } else if (type == "document") {
    add_document(block, path, out);
  } else {
    untranslatable(at(path, "type"),
                   fmt::format("a block of type '{}' has no counterpart in a chat completion", type.substr(0, 60)));
  }
}

void write_message(JsonWriter& w, std::string_view role, const ContentParts& content) {
  w.begin_object().member("role", role).key("content");
  content.write(w);
  w.end_object();
}

// Chat completions take tool results as messages of their own and of text alone: other content follows in
// the user's message, after a line that says whose it is.
void write_tool_result(JsonWriter& w, JsonText block, const std::string& path, ContentParts& follows) {
  const std::string id = string_in(block, "tool_use_id", path), where = at(path, "content");
  const JsonText content = block["content"];
  ContentParts texts, others;
  if (flag_of(block["is_error"], at(path, "is_error"))) texts.add_plain_text("The tool failed.");
  if (content.is_string()) {
    texts.add_text(content.raw());
  } else if (!content.none()) {
    const auto blocks = elements_of(content, where);
    for (std::size_t i = 0; i < blocks.size(); ++i)
      add_block(blocks[i], at(where, i), blocks[i]["type"].is("text") ? texts : others);
  }
  w.begin_object().member("role", "tool").member("tool_call_id", id).key("content");
  texts.write(w);
  w.end_object();
  if (others.empty()) return;
  follows.add_plain_text(fmt::format("Result of tool call {}:", id));
  follows.add_all(std::move(others));
}

void write_user(JsonWriter& w, JsonText content, const std::string& path, std::string_view role) {
  ContentParts parts, moved;
  if (content.is_string()) {
    parts.add_text(content.raw());
    return write_message(w, role, parts);
  }
  const auto blocks = elements_of(content, path);
  bool results = false;
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    if (!blocks[i]["type"].is("tool_result")) {
      add_block(blocks[i], at(path, i), parts);
      continue;
    }
    results = true;
    write_tool_result(w, blocks[i], at(path, i), moved);
  }
  moved.add_all(std::move(parts));
  if (!moved.empty() || !results) write_message(w, role, moved);
}

void write_tool_use(JsonWriter& w, JsonText block, const std::string& path) {
  const JsonText input = block["input"];
  if (!input.none() && !input.is_object()) refuse(at(path, "input"), "must be an object");
  w.begin_object().member("id", string_in(block, "id", path)).member("type", "function").key("function").begin_object();
  w.member("name", string_in(block, "name", path)).member("arguments", input.none() ? "{}" : input.raw());
  w.end_object().end_object();
}

void write_assistant(JsonWriter& w, JsonText content, const std::string& path) {
  w.begin_object().member("role", "assistant");
  if (content.is_string()) {
    w.key("content").raw(content.raw()).end_object();
    return;
  }
  std::string text, thinking;
  bool any_text = false;
  JsonWriter calls;
  calls.begin_array();
  bool any_call = false;
  const auto blocks = elements_of(content, path);
  for (std::size_t i = 0; i < blocks.size(); ++i) {
    const std::string where = at(path, i), type = string_in(blocks[i], "type", where);
    if (type == "text") {
      text += string_in(blocks[i], "text", where);
      any_text = true;
    } else if (type == "tool_use") {
      write_tool_use(calls, blocks[i], where);
      any_call = true;
    } else if (type == "thinking") {
      // What another model has signed means nothing to this one.
      if (blocks[i]["signature"].is(unsigned_thinking)) thinking += string_in(blocks[i], "thinking", where);
    } else if (type != "redacted_thinking") {
      untranslatable(at(where, "type"),
                     fmt::format("a block of type '{}' has no counterpart in a chat completion", type.substr(0, 60)));
    }
  }
  w.key("content");
  any_text || !any_call ? w.value(text) : w.null();
  if (!thinking.empty()) w.member("reasoning_content", thinking);
  if (any_call) w.key("tool_calls").raw(calls.end_array().take());
  w.end_object();
}

void write_messages(JsonWriter& w, JsonText system, JsonText messages) {
  w.key("messages").begin_array();
  if (system.is_string()) {
    w.begin_object().member("role", "system").key("content").raw(system.raw()).end_object();
  } else if (!system.none()) {
    ContentParts parts;
    const auto blocks = elements_of(system, "system");
    for (std::size_t i = 0; i < blocks.size(); ++i) add_block(blocks[i], at("system", i), parts);
    if (!parts.empty()) write_message(w, "system", parts);
  }
  const auto list = elements_of(messages, "messages");
  if (list.empty()) refuse("messages", "must be an array of at least one message");
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string where = at("messages", i), role = string_in(list[i], "role", where);
    members_of(list[i], where);
    if (role == "user" || role == "system") write_user(w, list[i]["content"], at(where, "content"), role);
    else if (role == "assistant") write_assistant(w, list[i]["content"], at(where, "content"));
    else refuse(at(where, "role"), fmt::format("is '{}'; user, assistant and system are allowed", role.substr(0, 60)));
  }
  w.end_array();
}

void write_tools(JsonWriter& w, JsonText tools) {
  const auto list = elements_of(tools, "tools");
  if (list.empty()) return;
  w.key("tools").begin_array();
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string where = at("tools", i);
    const JsonText type = list[i]["type"];
    if (!type.none() && !type.is("custom"))
      untranslatable(at(where, "type"), fmt::format("tools of type '{}' run at Anthropic alone",
                                                    string_of(type, at(where, "type")).substr(0, 60)));
    w.begin_object()
        .member("type", "function")
        .key("function")
        .begin_object()
        .member("name", string_in(list[i], "name", where));
    carry(w, "description", list[i]["description"]);
    carry(w, "parameters", list[i]["input_schema"]);
    carry(w, "strict", list[i]["strict"]);
    w.end_object().end_object();
  }
  w.end_array();
}

void write_tool_choice(JsonWriter& w, JsonText choice) {
  const std::string type = string_in(choice, "type", "tool_choice");
  if (type == "tool") {
    w.key("tool_choice").begin_object().member("type", "function").key("function").begin_object();
    w.member("name", string_in(choice, "name", "tool_choice")).end_object().end_object();
  } else if (type == "auto" || type == "none" || type == "any") {
    w.member("tool_choice", type == "any" ? "required" : type);
  } else {
    refuse("tool_choice.type", fmt::format("is '{}'; auto, any, tool and none are allowed", type.substr(0, 60)));
  }
  if (flag_of(choice["disable_parallel_tool_use"], "tool_choice.disable_parallel_tool_use"))
    w.member("parallel_tool_calls", false);
}

void write_format(JsonWriter& w, JsonText format, const std::string& path) {
  if (!format["type"].is("json_schema")) untranslatable(at(path, "type"), "json_schema alone is known");
  if (!format["schema"].is_object()) refuse(at(path, "schema"), "must be an object");
  w.key("response_format").begin_object().member("type", "json_schema").key("json_schema").begin_object();
  w.member("name", "answer").member("strict", true).key("schema").raw(format["schema"].raw()).end_object().end_object();
}

// OpenAI refuses longer names of users; the name is a label, without which the answer is the same.
constexpr std::size_t longest_user = 64;

void write_metadata(JsonWriter& w, JsonText metadata) {
  bool more = false;
  for (const auto& m : members_of(metadata, "metadata")) {
    if (m.key != "user_id") more = true;
    else if (m.value.raw().size() <= longest_user + 2) carry(w, "user", m.value);
  }
  if (!more) return;
  w.key("metadata").begin_object();
  for (const auto& m : metadata.members())
    if (m.key != "user_id") w.key(m.key).raw(m.value.raw());
  w.end_object();
}

// What asks for something that only Anthropic's own servers do; null and empty ask for nothing.
constexpr std::array refused = {"container", "mcp_servers", "inference_geo"};
// Hints: without them the answer is the same, or as the upstream does it by itself.
constexpr std::array dropped = {"cache_control", "context_management", "thinking", "speed", "diagnostics"};

// Members of a chat completion that this translation writes itself: here they would be said twice.
constexpr std::array foreign = {"stop",           "user", "response_format", "reasoning_effort", "parallel_tool_calls",
                                "stream_options", "n"};

template <std::size_t N>
bool is_one_of(std::string_view key, const std::array<const char*, N>& names) {
  return std::find(names.begin(), names.end(), key) != names.end();
}

void write_member(JsonWriter& w, const std::string& key, JsonText v, bool has_tools) {
  if (is_one_of(key, refused)) {
    if (!v.none() && !((v.is_array() || v.is_object()) && v.empty()))
      untranslatable(key, "only Anthropic's own servers know it");
  } else if (key == "stop_sequences") {
    if (v.none()) return;
    const auto list = elements_of(v, key);
    for (std::size_t i = 0; i < list.size(); ++i) string_of(list[i], at(key, i));
    if (!list.empty()) w.key("stop").raw(v.raw());
  } else if (key == "tools") {
    if (!v.none()) write_tools(w, v);
  } else if (key == "tool_choice") {
    // Servers refuse a choice among no tools.
    if (!v.none() && (has_tools || !(v["type"].is("auto") || v["type"].is("none")))) write_tool_choice(w, v);
  } else if (key == "metadata") {
    if (!v.none()) write_metadata(w, v);
  } else if (key == "output_config") {
    if (v.none()) return;
    for (const auto& m : members_of(v, key)) {
      if (m.value.none()) continue;
      if (m.key == "effort")
        w.member("reasoning_effort", m.value.is("max") ? "xhigh" : string_of(m.value, "output_config.effort"));
      else if (m.key == "format") write_format(w, m.value, "output_config.format");
      else untranslatable(at(key, m.key.substr(0, 60)), "it is not known");
    }
  } else if (key == "output_format") {
    if (!v.none()) write_format(w, v, key);
  } else if (key == "service_tier") {
    if (v.is("standard_only")) w.member("service_tier", "default");
  } else if (is_one_of(key, foreign)) {
    refuse(key, "is a member of chat completions, not of messages");
  } else if (!is_one_of(key, dropped)) {
    w.key(key).raw(v.raw());
  }
}

ClientCall to_call(JsonText body, bool counting) {
  const auto members = members_of(body, "the body");
  const auto given = [&](std::string_view key) { return find_in(members, key); };
  const std::string model = string_of(given("model"), "model");
  if (!counting || given("max_tokens").present())
    integer_of(given("max_tokens"), "max_tokens", 1, std::int64_t{1} << 40);
  const bool stream = flag_of(given("stream"), "stream"), has_tools = !given("tools").empty();
  JsonWriter w;
  w.begin_object().member("model", model);
  write_messages(w, given("system"), given("messages"));
  for (const auto& m : members) {
    if (m.key == "model" || m.key == "messages" || m.key == "system" || m.key == "stream") continue;
    write_member(w, m.key, m.value, has_tools);
  }
  if (stream) w.member("stream", true).key("stream_options").begin_object().member("include_usage", true).end_object();
  return {w.end_object().take(), {}};
}

}  // namespace

std::variant<ClientCall, ApiError> messages_to_chat(std::string_view body, bool counting) {
  if (auto e = check_json_object(body, "the body")) return *std::move(e);
  return translated<ClientCall>([&] { return to_call(JsonText(body), counting); });
}

}  // namespace wattline::serve
