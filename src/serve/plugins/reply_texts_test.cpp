#include "serve/plugins/reply_texts.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;

policy::Redaction redaction() {
  policy::Redaction r;
  policy::Draft d;
  d.messages.emplace_back().texts.push_back({"ada@example.org bob@example.org"});
  r.apply(d);
  return r;
}

TEST(ReplyTexts, AWholeReplyGetsItsValues) {
  const auto r = redaction();
  EXPECT_EQ(
      restored_reply(
          R"({"id":1.50,"choices":[{"message":{"content":"To [EMAIL_ADDRESS_1]","tool_calls":[{"function":{"arguments":"{\"to\":\"\u005bEMAIL_ADDRESS_2]\"}"}}]}},{"message":{"content":"[EMAIL_ADDRESS_2]"}}]})",
          r),
      R"({"id":1.50,"choices":[{"message":{"content":"To ada@example.org","tool_calls":[{"function":{"arguments":"{\"to\":\"bob@example.org\"}"}}]}},{"message":{"content":"bob@example.org"}}]})");
  for (const char* odd :
       {"{}", R"({"choices":null})", R"({"choices":[{}]})", R"({"choices":[{"message":{"content":null}}]})"})
    EXPECT_EQ(restored_reply(odd, r), odd);
}

// What the client puts together of all chunks.
std::map<std::string, std::string> put_together(const std::vector<std::string>& chunks) {
  std::map<std::string, std::string> out;
  for (const auto& c : chunks) {
    const Json chunk = parse_json(c);
    for (const auto& choice : chunk.at("choices").as_array()) {
      const Json* delta = choice.find("delta");
      if (!delta || !delta->is_object()) continue;
      const std::string index = std::to_string(choice.at("index").as_integer());
      if (const Json* t = delta->find("content"); t && t->is_string()) out[index] += t->as_string();
      if (const Json* calls = delta->find("tool_calls"))
        for (const auto& call : calls->as_array())
          if (const Json* f = call.find("function"))
            if (const Json* a = f->find("arguments"))
              out[index + "/" + std::to_string(call.at("index").as_integer())] += a->as_string();
    }
  }
  return out;
}

TEST(ReplyTexts, AStreamGetsThemWhereverItIsCut) {
  const auto r = redaction();
  const std::string first = "Write to [EMAIL_ADDRESS_1]!", second = "[EMAIL_ADDRESS_2",
                    arguments = "{\"to\":\"[EMAIL_ADDRESS_1]\"}";
  for (std::size_t n = 1; n < 12; ++n) {
    ReplyRestorer stream(r);
    std::vector<std::string> told;
    const auto say = [&](std::int64_t choice, std::string_view member, std::string_view text, bool call) {
      for (std::size_t at = 0; at < text.size(); at += n) {
        const std::string piece = Json(std::string(text.substr(at, n))).dump();
        told.push_back(stream.push("{\"choices\":[{\"index\":" + std::to_string(choice) + ",\"delta\":{" +
                                   (call ? "\"tool_calls\":[{\"index\":3,\"function\":{\"arguments\":" + piece + "}}]"
                                         : "\"" + std::string(member) + "\":" + piece) +
                                   "},\"finish_reason\":null}]}"));
      }
    };
    say(0, "content", first, false);
    say(1, "content", second, false);
    say(0, "", arguments, true);
    told.push_back(stream.push(R"({"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]})"));
    told.push_back(stream.push(R"({"choices":[{"index":1,"delta":{"content":null},"finish_reason":"stop"}]})"));
    EXPECT_EQ(stream.finish(), "");
    const auto got = put_together(told);
    EXPECT_EQ(got.at("0"), "Write to ada@example.org!");
    EXPECT_EQ(got.at("1"), second) << "what is no whole placeholder comes as it is";
    EXPECT_EQ(got.at("0/3"), "{\"to\":\"ada@example.org\"}");
  }
}

TEST(ReplyTexts, WhatIsHeldBackComesAtTheEnd) {
  const auto r = redaction();
  ReplyRestorer stream(r);
  stream.push(R"({"choices":[{"index":0,"delta":{"content":"x [EMAIL"}}]})");
  EXPECT_THAT(stream.push(R"({"choices":[{"index":0,"finish_reason":"stop"}]})"),
              HasSubstr(R"("delta":{"content":"[EMAIL"})"));
  ReplyRestorer cut(r);
  cut.push(R"({"choices":[{"index":0,"delta":{"content":"x [EMAIL_"}},{"index":1,"delta":{"content":"["}}]})");
  const auto rest = put_together({cut.finish()});
  EXPECT_EQ(rest.at("0"), "[EMAIL_");
  EXPECT_EQ(rest.at("1"), "[");
  EXPECT_EQ(cut.finish(), "");
  const std::string usage = R"({"choices":[],"usage":{"total_tokens":3}})";
  EXPECT_EQ(stream.push(usage), usage);
}

TEST(ReplyTexts, TheFirstChoiceIsGathered) {
  GatheredAnswer g;
  gather(R"({"choices":[{"index":0,"delta":{"content":"Hel"}},{"index":1,"delta":{"content":"no"}}]})", g);
  gather(R"({"choices":[{"index":0,"delta":{"content":"lo","tool_calls":[{"index":0}]},"finish_reason":"length"}]})",
         g);
  EXPECT_EQ(g.text, "Hello");
  EXPECT_EQ(g.finish_reason, "length");
  EXPECT_TRUE(g.calls_tools);
  EXPECT_FALSE(g.cut);
  g.most = 7;
  gather(R"({"choices":[{"delta":{"content":"abcdef"}}]})", g);
  EXPECT_EQ(g.text, "Helloab");
  EXPECT_TRUE(g.cut);
}

}  // namespace
}  // namespace wattline::serve
