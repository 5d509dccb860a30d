#include "serve/reply_reader.h"

#include <gtest/gtest.h>

#include "kernel/json.h"

namespace wattline::serve {
namespace {

std::string injected(std::string_view text, std::string_view account = R"({"x":1})") {
  std::string middle;
  const auto i = inject_account(text, account, middle);
  EXPECT_EQ(i.before.size() + i.after.size() + i.replaced, text.size());
  return std::string(i.before) + middle + std::string(i.after);
}

TEST(ReplyReader, ReadsAWholeReply) {
  ReplyReader r;
  const auto f =
      r.read(R"({"id":"a","choices":[{"message":{"role":"assistant","content":"Hi you"},"finish_reason":"stop"}],
    "usage":{"prompt_tokens":12,"completion_tokens":3,"total_tokens":15,"prompt_tokens_details":{"cached_tokens":8}}})");
  EXPECT_TRUE(f.is_object && f.has_choices && f.has_content);
  EXPECT_FALSE(f.is_error);
  EXPECT_EQ(f.finish_reason, "stop");
  EXPECT_EQ(f.content_bytes, 6u);
  ASSERT_TRUE(f.usage);
  EXPECT_EQ(f.usage->in, 12);
  EXPECT_EQ(f.usage->out, 3);
  EXPECT_EQ(f.usage->cached, 8);
}

TEST(ReplyReader, ReadsMessagesAndTheirEvents) {
  ReplyReader r;
  const auto whole = r.read(
      R"({"type":"message","content":[{"type":"text","text":"Hi"},{"type":"tool_use","input":{}}],"stop_reason":"tool_use","usage":{"input_tokens":5,"cache_creation_input_tokens":2,"cache_read_input_tokens":3,"output_tokens":7}})");
  EXPECT_TRUE(whole.has_content && !whole.is_error);
  EXPECT_EQ(whole.finish_reason, "tool_calls");
  ASSERT_TRUE(whole.usage);
  EXPECT_EQ(whole.usage->in, 10);
  EXPECT_EQ(whole.usage->cached, 3);
  EXPECT_EQ(whole.usage->out, 7);
  const auto start = r.read(R"({"type":"message_start","message":{"usage":{"input_tokens":25,"output_tokens":1}}})");
  EXPECT_TRUE(start.usage && start.partial_usage && !start.takes_account && !start.has_content);
  const auto delta = r.read(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello"}})");
  EXPECT_EQ(delta.content_bytes, 5u);
  const auto end =
      r.read(R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":15}})");
  EXPECT_TRUE(end.takes_account && !end.ends && !end.partial_usage);
  EXPECT_EQ(end.finish_reason, "stop");
  EXPECT_TRUE(r.read(R"({"type":"message_stop"})").ends);
  const auto failed = r.read(R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}})");
  EXPECT_TRUE(failed.is_error);
  EXPECT_EQ(failed.error_message, "Overloaded");
}

TEST(ReplyReader, ReadsResponsesAndTheirEvents) {
  ReplyReader r;
  const auto whole = r.read(
      R"({"object":"response","status":"completed","error":null,"output":[{"type":"message","content":[{"type":"output_text","text":"Hi"}]}],"usage":{"input_tokens":36,"input_tokens_details":{"cached_tokens":4},"output_tokens":87}})");
  EXPECT_TRUE(whole.has_content && !whole.is_error);
  EXPECT_EQ(whole.content_bytes, 2u);
  EXPECT_EQ(whole.usage.value().in, 36);
  EXPECT_EQ(whole.usage->cached, 4);
  EXPECT_EQ(r.read(R"({"type":"response.output_text.delta","delta":"In"})").content_bytes, 2u);
  const std::string_view text =
      R"({"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":1,"output_tokens":2}},"sequence_number":9})";
  const auto end = r.read(text);
  EXPECT_TRUE(end.ends && end.takes_account);
  EXPECT_EQ(end.usage.value().out, 2);
  std::string middle;
  const auto i = inject_account(text, "{}", middle, "response");
  EXPECT_EQ(
      std::string(i.before) + middle + std::string(i.after),
      R"({"type":"response.completed","response":{"status":"completed","usage":{"input_tokens":1,"output_tokens":2,"wattline":{}}},"sequence_number":9})");
  const auto failed =
      r.read(R"({"type":"response.failed","response":{"status":"failed","error":{"code":"x","message":"no"}}})");
  EXPECT_TRUE(failed.is_error);
  EXPECT_EQ(failed.error_message, "no");
  EXPECT_EQ(r.read(R"({"type":"error","code":"x","message":"late"})").error_message, "late");
}

TEST(ReplyReader, ReadsEmbeddingsAndCompletions) {
  ReplyReader r;
  EXPECT_EQ(r.read(R"({"object":"list","data":[{"embedding":[0.1]}],"usage":{"prompt_tokens":8,"total_tokens":8}})")
                .usage.value()
                .in,
            8);
  const auto chunk = r.read(R"({"object":"text_completion","choices":[{"text":"Hi","finish_reason":"length"}]})");
  EXPECT_TRUE(chunk.has_content);
  EXPECT_EQ(chunk.finish_reason, "length");
}

TEST(ReplyReader, ReadsChunks) {
  ReplyReader r;
  EXPECT_FALSE(r.read(R"({"choices":[{"delta":{"role":"assistant","content":""}}]})").has_content);
  EXPECT_TRUE(r.read(R"({"choices":[{"delta":{"content":"x"}}],"usage":null})").has_content);
  EXPECT_TRUE(
      r.read(R"({"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"a\""}}]}}]})").has_content);
  EXPECT_TRUE(r.read(R"({"choices":[{"delta":{"reasoning_content":"hm"}}]})").has_content);
  const auto usage = r.read(R"({"choices":[],"usage":{"prompt_tokens":1,"completion_tokens":2}})");
  EXPECT_FALSE(usage.has_choices);
  EXPECT_TRUE(usage.usage);
}

TEST(ReplyReader, SeesErrorsInsideSuccess) {
  ReplyReader r;
  EXPECT_EQ(r.read(R"({"error":{"message":"no room","code":400}})").error_message, "no room");
  EXPECT_EQ(r.read(R"({"error":"plain"})").error_message, "plain");
  EXPECT_TRUE(r.read(R"({"error":{}})").is_error);
  EXPECT_FALSE(r.read(R"({"error":null,"choices":[]})").is_error);
}

TEST(ReplyReader, TakesNoNonsense) {
  ReplyReader r;
  for (const char* text : {"", "{", "[]", "null", "\xff", "{\"a\":1}x", "<html>"})
    EXPECT_FALSE(r.read(text).is_object) << text;
  const auto f =
      r.read(R"({"choices":{"a":1},"usage":{"prompt_tokens":-5,"completion_tokens":"x","prompt_tokens_details":7}})");
  EXPECT_TRUE(f.is_object);
  ASSERT_TRUE(f.usage);
  EXPECT_EQ(f.usage->in, 0);
  EXPECT_EQ(f.usage->out, 0);
  EXPECT_EQ(r.read(R"({"usage":{"prompt_tokens":1e300,"completion_tokens":7.0}})").usage->out, 7);
  EXPECT_FALSE(r.read(std::string(1000, '[')).is_object);
  EXPECT_TRUE(r.read("{\"a\":\"" + std::string(1 << 20, 'x') + "\"}").is_object);
}

TEST(InjectAccount, InPlaceAndByteForByteElsewhere) {
  EXPECT_EQ(injected(R"({"usage":{"prompt_tokens":1},"id":90071992547409931})"),
            R"({"usage":{"prompt_tokens":1,"wattline":{"x":1}},"id":90071992547409931})");
  EXPECT_EQ(injected(R"({"usage": {} })"), R"({"usage": {"wattline":{"x":1}} })");
  EXPECT_EQ(injected(R"({"a":1,"usage":null})"), R"({"a":1,"usage":{"wattline":{"x":1}}})");
  EXPECT_EQ(injected(R"({"a":1})"), R"({"a":1,"usage":{"wattline":{"x":1}}})");
  EXPECT_EQ(injected("{}"), R"({"usage":{"wattline":{"x":1}}})");
  // A "usage" deeper down, or in a text, is not meant.
  for (const char* text :
       {R"({"choices":[{"usage":{"a":1}}]})", R"({"choices":[{"message":{"content":"\"usage\":{}"}}]})"}) {
    const Json j = parse_json(injected(text));
    EXPECT_TRUE(j.at("usage").find("wattline")) << text;
    EXPECT_EQ(j.at("choices"), parse_json(text).at("choices"));
  }
}

}  // namespace
}  // namespace wattline::serve
