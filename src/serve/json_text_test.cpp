#include "serve/json_text.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "kernel/json.h"

namespace wattline::serve {
namespace {

TEST(JsonText, TakesApartWithoutChanging) {
  const std::string text =
      R"( {"a" : 12345678901234567890.10e+2 , "b":[ 1 , {"x":"]"}, "\"" ], "c":null,"d":"\u00e9\ud83d\ude00\n\/","e":{ },"\u0066":true} )";
  ASSERT_FALSE(check_json_object(text, "it"));
  const JsonText t(text);
  EXPECT_EQ(t["a"].raw(), "12345678901234567890.10e+2");
  const auto b = t["b"].elements();
  ASSERT_EQ(b.size(), 3u);
  EXPECT_EQ(b[0].integer(), 1);
  EXPECT_EQ(b[1].raw(), R"({"x":"]"})");
  EXPECT_EQ(b[2].text(), "\"");
  EXPECT_TRUE(t["c"].none());
  EXPECT_TRUE(t["c"].present());
  EXPECT_FALSE(t["nothing"].present());
  EXPECT_EQ(t["d"].text(), "\u00e9\U0001F600\n/");
  EXPECT_TRUE(t["e"].empty());
  EXPECT_TRUE(t["f"].is_true());
  EXPECT_EQ(t.members().size(), 6u);
  EXPECT_FALSE(t["a"].integer());
  EXPECT_TRUE(t["d"].is("\u00e9\U0001F600\n/"));
}

TEST(JsonText, HalvesOfSurrogatePairsBecomeTheReplacementCharacter) {
  EXPECT_EQ(JsonText(R"("a\ud83d")").text(), "a\ufffd");
  EXPECT_EQ(JsonText(R"("\ude00b")").text(),
            "\ufffd"
            "b");
  EXPECT_EQ(JsonText(R"("\ud83dA")").text(),
            "\ufffd"
            "A");
}

TEST(JsonText, WhatIsNoObjectIsSaid) {
  for (const char* text : {"", "  ", "[]", "1", "{\"a\":}", "{\"a\":1", "{\"a\":\"\xff\"}", "{} {}", "nul"}) {
    const auto e = check_json_object(text, "the body");
    ASSERT_TRUE(e) << text;
    EXPECT_EQ(e->status, 400);
    EXPECT_TRUE(e->message.starts_with("the body "));
  }
  std::string deep = "{\"a\":";
  for (int i = 0; i < 300; ++i) deep += '[';
  for (int i = 0; i < 300; ++i) deep += ']';
  EXPECT_TRUE(check_json_object(deep + "}", "it"));
}

RC_GTEST_PROP(JsonText, ReadsBackWhatWasWritten, (const std::vector<std::pair<std::string, std::string>>& given)) {
  JsonWriter w;
  w.begin_object();
  for (const auto& [k, v] : given) w.key(k).begin_array().value(v).end_array();
  const std::string text = w.end_object().take();
  RC_ASSERT(!check_json_object(text, "it"));
  const auto members = JsonText(text).members();
  RC_ASSERT(members.size() == given.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    std::string key, value;
    append_json_string(key, given[i].first);
    append_json_string(value, given[i].second);
    RC_ASSERT(members[i].key == JsonText(key).text());
    RC_ASSERT(members[i].value.elements().at(0).raw() == value);
  }
}

}  // namespace
}  // namespace wattline::serve
