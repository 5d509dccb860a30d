// What must hold whatever is said: conversations survive the way to the other dialect and back, and streams
// are told alike however their upstream cuts them.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "serve/dialect_anthropic.h"
#include "serve/dialect_body.h"
#include "serve/dialect_messages.h"
#include "serve/dialect_responses.h"
#include "serve/dialect_test.h"

namespace wattline::serve::tests {
namespace {

// Never empty: empty texts are left out on the way.
std::string some_text() {
  static const std::vector<std::string> pieces = {"a", "\"", "\\", "\n",     "é",      "\U0001F600", "]",           "}",
                                                  ",", " ",  "\t", "data: ", "\u2028", "0",          "{\"text\":1}"};
  std::string out = "x";
  for (const auto& p : *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(pieces))) out += p;
  return out;
}
std::string some_number() {
  return *rc::gen::element(std::string("9007199254740993"), std::string("1.50"), std::string("-0.0"),
                           std::string("1e-7"), std::string("18446744073709551615"));
}

// A conversation as Anthropic's clients send it, with tool calls that are answered.
std::string some_conversation() {
  std::string turns;
  const int n = *rc::gen::inRange(1, 5);
  for (int i = 0; i < n; ++i) {
    turns += R"({"role":"user","content":[)";
    if (i > 0)
      turns += R"({"type":"tool_result","tool_use_id":"t)" + std::to_string(i - 1) + R"(","content":)" +
               in_quotes(some_text()) + "},";
    turns += R"({"type":"text","text":)" + in_quotes(some_text()) + "}";
    if (*rc::gen::arbitrary<bool>())
      turns += R"(,{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}})";
    turns += "]}";
    if (i + 1 == n) break;
    turns += R"(,{"role":"assistant","content":[)";
    if (*rc::gen::arbitrary<bool>()) turns += R"({"type":"text","text":)" + in_quotes(some_text()) + "},";
    turns += R"({"type":"tool_use","id":"t)" + std::to_string(i) + R"(","name":"f","input":{)" +
             in_quotes(some_text()) + ":[" + some_number() + ",{}]}}]},";
  }
  std::string body = R"({"model":"m","max_tokens":7,"messages":[)" + turns + "]";
  if (*rc::gen::arbitrary<bool>()) body += R"(,"system":)" + in_quotes(some_text());
  if (*rc::gen::arbitrary<bool>()) body += R"(,"temperature":0.)" + std::to_string(*rc::gen::inRange(0, 1000));
  if (*rc::gen::arbitrary<bool>()) body += R"(,"stop_sequences":[)" + in_quotes(some_text()) + "]";
  if (*rc::gen::arbitrary<bool>())
    body += R"(,"tools":[{"name":"f","input_schema":{"maximum":)" + some_number() + "}}]";
  if (*rc::gen::arbitrary<bool>()) body += R"(,"of_tomorrow":)" + some_number();
  return body + "}";
}

RC_GTEST_PROP(DialectProperty, ConversationsComeBackAsTheyWere, ()) {
  const std::string body = some_conversation();
  const auto there = messages_to_chat(body);
  RC_ASSERT(std::holds_alternative<ClientCall>(there));
  const std::string chat = std::get<ClientCall>(there).chat;
  const auto back = chat_to_anthropic(chat, "m", 1);
  RC_ASSERT(std::holds_alternative<std::string>(back));
  const auto again = messages_to_chat(std::get<std::string>(back));
  RC_ASSERT(std::holds_alternative<ClientCall>(again));
  // The order of members may differ, their text may not.
  const Json one = parse_json(chat), two = parse_json(std::get<ClientCall>(again).chat);
  RC_ASSERT(one.as_object().size() == two.as_object().size());
  for (const auto& [key, value] : one.as_object()) RC_ASSERT(two.at(key).dump() == value.dump());
}

// Tool calls whose arguments are cut anywhere and whose fragments come in any order of calls.
struct Cut {
  std::vector<std::string> arguments, chunks;
};
Cut some_calls() {
  Cut out;
  const int n = *rc::gen::inRange(1, 5);
  std::vector<std::size_t> at(static_cast<std::size_t>(n), 0);
  for (int i = 0; i < n; ++i)
    out.arguments.push_back("{\"k" + std::to_string(i) + "\":\"" +
                            *rc::gen::container<std::string>(rc::gen::elementOf(std::string("abc ,:[]{}"))) + "\"}");
  std::vector<bool> begun(static_cast<std::size_t>(n), false);
  while (true) {
    std::vector<std::size_t> left;
    for (std::size_t i = 0; i < at.size(); ++i)
      if (at[i] < out.arguments[i].size() && (i == 0 || begun[i - 1])) left.push_back(i);
    if (left.empty()) return out;
    const std::size_t i = *rc::gen::elementOf(left);
    const auto size = static_cast<std::size_t>(*rc::gen::inRange(1, 6));
    JsonWriter w;
    w.begin_object().key("tool_calls").begin_array().begin_object().member("index", i);
    if (!begun[i]) w.member("id", "call_" + std::to_string(i)).member("type", "function");
    w.key("function").begin_object();
    if (!begun[i]) w.member("name", "f" + std::to_string(i));
    w.member("arguments", std::string_view(out.arguments[i]).substr(at[i], size))
        .end_object()
        .end_object()
        .end_array()
        .end_object();
    out.chunks.push_back(chunk_of(w.take()));
    begun[i] = true;
    at[i] += size;
  }
}

RC_GTEST_PROP(DialectProperty, ToolCallsOfAStreamAreWholeInOrder, ()) {
  const Cut cut = some_calls();
  auto messages = messages_stream();
  auto responses = responses_stream({});
  std::string m, r;
  for (const auto& c : cut.chunks) {
    RC_ASSERT(!messages->push(c, m));
    RC_ASSERT(!responses->push(c, r));
  }
  messages->finish(m);
  responses->finish(r);
  std::vector<std::string> blocks, items;
  for (const auto& e : events_of(m)) {
    const Json j = parse_json(e.data);
    if (e.name == "content_block_start") blocks.emplace_back();
    if (e.name == "content_block_delta") blocks.back() += j.at("delta").at("partial_json").as_string();
  }
  const Json last = parse_json(events_of(r).back().data);
  for (const auto& item : last.at("response").at("output").as_array())
    items.push_back(item.at("arguments").as_string());
  RC_ASSERT(blocks == cut.arguments);
  RC_ASSERT(items == cut.arguments);
}

RC_GTEST_PROP(DialectProperty, WordsOfAStreamAreThoseOfTheWholeReply, ()) {
  std::string text, m, r;
  auto messages = messages_stream();
  auto responses = responses_stream({});
  for (int i = *rc::gen::inRange(1, 8); i > 0; --i) {
    const std::string piece = some_text();
    text += piece;
    RC_ASSERT(!messages->push(chunk_of("{\"content\":" + in_quotes(piece) + "}"), m));
    RC_ASSERT(!responses->push(chunk_of("{\"content\":" + in_quotes(piece) + "}"), r));
  }
  messages->finish(m);
  responses->finish(r);
  std::string heard;
  for (const auto& e : events_of(m))
    if (e.name == "content_block_delta") heard += parse_json(e.data).at("delta").at("text").as_string();
  RC_ASSERT(heard == text);
  RC_ASSERT(parse_json(events_of(r).back().data)
                .at("response")
                .at("output")
                .as_array()
                .at(0)
                .at("content")
                .as_array()
                .at(0)
                .at("text")
                .as_string() == text);
  const std::string whole = R"({"id":"1","choices":[{"message":{"content":)" + in_quotes(text) + "}}]}";
  RC_ASSERT(parse_json(chat_to_messages_reply(whole)).at("content").as_array().at(0).at("text").as_string() == text);
}

}  // namespace
}  // namespace wattline::serve::tests
