#include "serve/plugins/reply_texts.h"

#include <algorithm>

#include <fmt/format.h>

#include "serve/json_text.h"
#include "serve/plugins/json_edits.h"

namespace wattline::serve {
namespace {

constexpr std::string_view arguments_member = "arguments";

bool is_text_member(std::string_view key) {
  return key == "content" || key == "refusal" || key == "reasoning_content" || key == "reasoning";
}

// Calls use(member, tool call, value) for each text of a message or delta, and each that is null; values are slices.
template <class F>
void each_text(std::string_view message, F&& use) {
  const auto call = [&](std::string_view function, std::int64_t n) {
    for (const auto& f : raw_members(function))
      if (f.key == arguments_member && f.value.starts_with('"')) use(std::string(arguments_member), n, f.value);
  };
  for (const auto& m : raw_members(message)) {
    if (is_text_member(m.key) && (m.value.starts_with('"') || m.value == "null")) use(m.key, std::int64_t{0}, m.value);
    if (m.key == "function_call") call(m.value, -1);
    if (m.key != "tool_calls") continue;
    std::int64_t n = 0;
    for (const auto& one : JsonText(m.value).elements()) {
      const std::int64_t index = one["index"].integer().value_or(n++);
      call(one["function"].raw(), index);
    }
  }
}

// Calls use(choice, its number, its message or delta).
template <class F>
void each_choice(std::string_view chat, F&& use) {
  std::int64_t n = 0;
  for (const auto& choice : JsonText(chat)["choices"].elements()) {
    const std::int64_t index = choice["index"].integer().value_or(n++);
    const JsonText delta = choice["delta"];
    use(choice, index, delta.present() ? delta : choice["message"]);
  }
}

Span span_in(std::string_view text, std::string_view part) {
  return {static_cast<std::size_t>(part.data() - text.data()), part.size()};
}

}  // namespace

void gather(std::string_view chat, GatheredAnswer& out) {
  each_choice(chat, [&](const JsonText& choice, std::int64_t index, const JsonText& message) {
    if (index != 0) return;
    if (const auto finish = choice["finish_reason"]; finish.is_string()) out.finish_reason = finish.text();
    if (!message.is_object()) return;
    out.calls_tools = out.calls_tools || !message["tool_calls"].empty() || message["function_call"].is_object();
    const std::string text = message["content"].text();
    const std::size_t room = out.most - std::min(out.most, out.text.size());
    out.cut = out.cut || text.size() > room;
    out.text.append(text, 0, room);
  });
}

std::string restored_reply(std::string_view chat, const policy::Redaction& redaction) {
  JsonEdits edits;
  each_choice(chat, [&](const JsonText&, std::int64_t, const JsonText& message) {
    each_text(message.raw(), [&](const std::string&, std::int64_t, std::string_view value) {
      if (value.find('[') == std::string_view::npos && value.find("\\u") == std::string_view::npos) return;
      edits.replace(span_in(chat, value), json_quoted(redaction.restored(JsonText(value).text())));
    });
  });
  return edits.apply(chat);
}

std::string ReplyRestorer::members_of_held(std::int64_t choice) {
  std::string members, calls;
  for (auto& [key, stream] : streams_) {
    if (std::get<0>(key) != choice || !stream.holds()) continue;
    const std::string rest = json_quoted(stream.finish());
    if (std::get<1>(key) == arguments_member)
      calls += fmt::format("{}{{\"index\":{},\"function\":{{\"arguments\":{}}}}}", calls.empty() ? "" : ",",
                           std::get<2>(key), rest);
    else members += fmt::format("{}\"{}\":{}", members.empty() ? "" : ",", std::get<1>(key), rest);
  }
  if (!calls.empty()) members += fmt::format("{}\"tool_calls\":[{}]", members.empty() ? "" : ",", calls);
  return members;
}

std::string ReplyRestorer::push(std::string_view chunk) {
  JsonEdits edits;
  each_choice(chunk, [&](const JsonText& choice, std::int64_t index, const JsonText& delta) {
    const bool ends = choice["finish_reason"].is_string();
    each_text(delta.raw(), [&](const std::string& member, std::int64_t call, std::string_view value) {
      policy::Restorer& stream = of({index, member, call});
      if (value == "null" && !(ends && stream.holds())) return;
      std::string told = stream.push(JsonText(value).text());
      if (ends) told += stream.finish();
      edits.replace(span_in(chunk, value), json_quoted(told));
    });
    if (!ends) return;
    const std::string held = members_of_held(index);
    if (held.empty()) return;
    if (delta.is_object()) edits.insert(span_in(chunk, delta.raw()).begin + 1, delta.empty() ? held : held + ",");
    else edits.insert(span_in(chunk, choice.raw()).begin + 1, fmt::format("\"delta\":{{{}}},", held));
  });
  return edits.empty() ? std::string(chunk) : edits.apply(chunk);
}

std::string ReplyRestorer::finish() {
  std::string choices;
  std::int64_t last = -1;
  for (const auto& [key, stream] : streams_) {
    const std::int64_t choice = std::get<0>(key);
    if (!stream.holds() || choice == last) continue;
    last = choice;
    choices += fmt::format("{}{{\"index\":{},\"delta\":{{", choices.empty() ? "" : ",", choice);
    choices += members_of_held(choice) + "},\"finish_reason\":null}";
  }
  if (choices.empty()) return {};
  return fmt::format("{{\"object\":\"chat.completion.chunk\",\"choices\":[{}]}}", choices);
}

}  // namespace wattline::serve
