#include "serve/plugins/request_draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/json.h"

namespace wattline::serve {
namespace {

using policy::DraftMember;
using policy::Role;

TEST(RequestDraft, TextsOfAllKindsAreThere) {
  const std::string body =
      R"({"model":"m","messages":[{"role":"system","content":"S"},{"role":"user","content":[{"type":"text","text":"a"},)"
      R"({"type":"image_url","image_url":{"url":"data:x"}},{"type":"text","text":"b\n\"c\""}]},)"
      R"({"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]},)"
      R"({"role":"tool","tool_call_id":"1","content":"r"},{"role":"assistant","content":"A","reasoning_content":"R","content":"B"}],)"
      R"("user":"u","temperature":0.5})";
  RequestDraft r(body);
  ASSERT_EQ(r.draft.messages.size(), 5u);
  EXPECT_EQ(r.draft.messages[1].texts[1].text, "b\n\"c\"");
  EXPECT_EQ(r.draft.messages[1].images, 1u);
  EXPECT_EQ(r.draft.query(), "a\nb\n\"c\"");
  EXPECT_EQ(r.draft.messages[2].texts[0].text, "{\"x\":1}");
  EXPECT_TRUE(r.draft.messages[2].calls_tools);
  EXPECT_EQ(r.draft.messages[3].role, Role::tool);
  // A name that is given twice: which of them counts is the upstream's affair.
  ASSERT_EQ(r.draft.messages[4].texts.size(), 3u);
  EXPECT_EQ(r.draft.messages[4].texts[2].text, "B");
  ASSERT_EQ(r.draft.labels.size(), 1u);
  EXPECT_EQ(r.draft.members.size(), 3u);
  EXPECT_FALSE(r.changed());
  EXPECT_EQ(r.written(), body);
}

TEST(RequestDraft, OnlyWhatWasChangedIsWritten) {
  const std::string body =
      R"( {"seed":12345678901234567890, "model" : "m","messages" :[ {"role":"user", "content":"\u00e9 x"} ],"n":1.0})";
  RequestDraft r(body);
  r.draft.messages[0].texts[0].set("new \"text\"");
  for (auto& m : r.draft.members)
    if (m.name == "n") {
      m.value = "2";
      m.state = DraftMember::State::changed;
    }
  EXPECT_TRUE(r.changed());
  EXPECT_EQ(
      r.written(),
      R"( {"seed":12345678901234567890, "model" : "m","messages" :[ {"role":"user", "content":"new \"text\""} ],"n":2})");
}

// Whatever goes or comes, what is written is JSON.
TEST(RequestDraft, CommasFollow) {
  const std::string body =
      R"({"a":1,"model":"m" , "b":2,"messages":[{"role":"system","content":"1"}, {"role":"user","content":"2"},{"role":"user","content":"3"}],"c":3,"d":4})";
  for (unsigned members = 0; members < 16; ++members)
    for (unsigned messages = 0; messages < 8; ++messages)
      for (const bool front : {false, true}) {
        RequestDraft r(body);
        for (auto& m : r.draft.members)
          if (m.name.size() == 1 && (members >> (m.name[0] - 'a') & 1)) m.state = DraftMember::State::dropped;
        for (unsigned i = 0; i < 3; ++i) r.draft.messages[i].dropped = messages >> i & 1;
        if (front) {
          policy::DraftMessage m;
          m.role = Role::system;
          m.added = true;
          m.texts.push_back({"new"});
          r.draft.messages.insert(r.draft.messages.begin(), m);
          r.draft.members.push_back({"e", "5", DraftMember::State::added});
        }
        Json now;
        ASSERT_NO_THROW(now = parse_json(r.written())) << r.written();
        std::string got, wanted;
        for (const auto& m : now.at("messages").as_array()) got += m.at("content").as_string() + " ";
        if (front) wanted = "new ";
        for (unsigned i = 0; i < 3; ++i)
          if (!(messages >> i & 1)) wanted += std::string(1, static_cast<char>('1' + i)) + " ";
        EXPECT_EQ(got, wanted) << r.written();
        for (const char* name : {"a", "b", "c", "d"})
          EXPECT_EQ(now.find(name) != nullptr, !(members >> (name[0] - 'a') & 1)) << r.written();
        EXPECT_EQ(now.find("e") != nullptr, front);
        EXPECT_EQ(now.at("model").as_string(), "m");
      }
}

TEST(RequestDraft, OddShapesAreLeftAsTheyAre) {
  for (const char* body :
       {"{}", "[]", "{\"messages\":{}}", "{\"messages\":[1,null,\"x\",[]]}",
        "{\"messages\":[{\"role\":1,\"content\":{\"a\":1}},{\"content\":[[],1]}]}", "{\"user\":5,\"messages\":[]}"}) {
    RequestDraft r(body);
    EXPECT_FALSE(r.changed());
    EXPECT_EQ(r.written(), body);
  }
}

}  // namespace
}  // namespace wattline::serve
