#include "serve/route/request_reader.h"

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

using policy::RequestView;
using policy::Role;

TEST(RequestReaderTest, ReadsWhatTheRouterAsksFor) {
  RequestReader reader;
  RequestView r;
  std::string body = R"({"model":"auto","stream":true,"max_tokens":99,"messages":[
    {"role":"system","content":"be \"brief\""},
    {"role":"user","content":[{"type":"text","text":"one"},{"type":"image_url","image_url":{"url":"data:x"}},
                              {"type":"text","text":"two"}]},
    {"role":"assistant","content":null,"tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},
    {"role":"tool","content":"42"}],
    "tools":[{"type":"function","function":{"name":"f","description":"does"}}],
    "metadata":{"team":"red","n":3}})";
  ASSERT_TRUE(reader.read(body, r));
  EXPECT_EQ(r.model, "auto");
  EXPECT_TRUE(r.stream);
  EXPECT_EQ(r.max_output_tokens, 99);
  ASSERT_EQ(r.messages.size(), 4u);
  EXPECT_EQ(r.messages[0].role, Role::system);
  EXPECT_EQ(r.messages[0].text, "be \"brief\"");
  EXPECT_EQ(r.messages[1].text, "one\ntwo");
  EXPECT_EQ(r.messages[1].images, 1u);
  EXPECT_EQ(r.messages[2].tool_calls, 1u);
  EXPECT_GT(r.messages[2].structured_bytes, 30u);
  EXPECT_EQ(r.messages[3].role, Role::tool);
  EXPECT_EQ(r.messages[3].structured_bytes, 2u);
  ASSERT_EQ(r.tools.size(), 1u);
  EXPECT_EQ(r.tools[0].name, "f");
  EXPECT_EQ(r.tools[0].description, "does");
  ASSERT_EQ(r.metadata.size(), 1u);
  EXPECT_EQ(r.metadata[0].value, "red");
  EXPECT_EQ(r.query(), "one\ntwo");
}

TEST(RequestReaderTest, NothingOfTheLastRequestStays) {
  RequestReader reader;
  RequestView r;
  std::string first =
      R"({"model":"a","messages":[{"role":"user","content":"x"}],"tools":[{"name":"t"}],"max_tokens":1})";
  ASSERT_TRUE(reader.read(first, r));
  EXPECT_EQ(r.tools.size(), 1u);
  RequestView next;
  std::string second = R"({"model":"b","messages":[]})";
  ASSERT_TRUE(reader.read(second, next));
  EXPECT_EQ(next.model, "b");
  EXPECT_TRUE(next.messages.empty());
  EXPECT_TRUE(next.tools.empty());
  EXPECT_FALSE(next.max_output_tokens);
}

TEST(RequestReaderTest, UnexpectedShapesCountAsAbsent) {
  RequestReader reader;
  for (std::string body : {R"({"messages":"no"})", R"({"messages":[1,null,{"role":7,"content":{}}]})",
                           R"({"tools":{"a":1},"metadata":[],"max_tokens":"x","stream":"yes"})",
                           R"({"messages":[{"content":[1,{"type":"text"},{"type":"text","text":5}]}]})"}) {
    RequestView r;
    EXPECT_TRUE(reader.read(body, r)) << body;
    EXPECT_EQ(r.query(), "");
  }
  RequestView r;
  for (std::string body : {"[]", "{", "", "null"}) EXPECT_FALSE(reader.read(body, r)) << body;
}

TEST(RequestReaderTest, LongBodiesAreRead) {
  RequestReader reader;
  RequestView r;
  std::string body = R"({"model":"a","messages":[{"role":"user","content":")" + std::string(3 << 20, 'x') + "\"}]}";
  ASSERT_TRUE(reader.read(body, r));
  EXPECT_EQ(r.query().size(), std::size_t{3} << 20);
}

}  // namespace
}  // namespace wattline::serve
