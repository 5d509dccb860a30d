#include "policy/tools/tool_data.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "text/canonical.h"

namespace wattline::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string fault(const std::function<void()>& f) {
  try {
    f();
  } catch (const Error& e) {
    EXPECT_EQ(exit_code(e.kind()), 2) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "no error";
  return {};
}

TEST(ToolDataTest, NamesAreReadAsWords) {
  EXPECT_EQ(searched_text("FinanceTool", "Stocks."), "Finance Tool: Stocks.");
  EXPECT_EQ(searched_text("get_current_weather", ""), "get current weather");
  EXPECT_EQ(searched_text("HTTPServer2", ""), "HTTP Server2");
  EXPECT_EQ(searched_text("files.read-line", ""), "files read line");
  EXPECT_EQ(searched_text("", "x"), ": x");
  EXPECT_EQ(searched_text("\xff_\xfe", ""), "\xff \xfe");
}

TEST(ToolDataTest, AllFormsOfTools) {
  const auto map = read_tools(R"({"a":"does a","b":""})", "t.json");
  ASSERT_EQ(map.size(), 2u);
  EXPECT_EQ(map[0].name, "a");
  EXPECT_EQ(map[0].definition_bytes, 7u);
  const std::string definition = R"({"type":"function","function":{"name":"f","description":"inner"}})";
  const auto list = read_tools("[" + definition + "]", "t.json");
  EXPECT_EQ(list[0].description, "inner");
  EXPECT_EQ(list[0].definition_bytes, definition.size());
  // What a catalogue says beside a definition is not sent.
  const auto catalogue = read_tools(R"([{"tool":)" + definition + R"(,"description":"outer","tags":["x"]}])", "t");
  EXPECT_EQ(catalogue[0].description, "outer");
  EXPECT_EQ(catalogue[0].definition_bytes, definition.size());
  EXPECT_EQ(read_tools(R"({"model":"m","tools":[)" + definition + "]}", "t").size(), 1u);
}

TEST(ToolDataTest, FaultyToolsAreRefused) {
  EXPECT_THAT(fault([] { read_tools("[]", "t.json"); }), HasSubstr("there are no tools"));
  EXPECT_THAT(fault([] { read_tools("{}", "t.json"); }), HasSubstr("there are no tools"));
  EXPECT_THAT(fault([] { read_tools("3", "t.json"); }), HasSubstr("t.json"));
  EXPECT_THAT(fault([] { read_tools("{", "t.json"); }), HasSubstr("t.json"));
  EXPECT_THAT(fault([] { read_tools(R"([{"name":"a"},{"name":"a"}])", "t"); }), HasSubstr("comes twice"));
  EXPECT_THAT(fault([] { read_tools(R"([{"name":"a"},7])", "t"); }), HasSubstr("entry 2"));
  EXPECT_THAT(fault([] { read_tools(R"([{"description":"a"}])", "t"); }), HasSubstr("no name"));
  EXPECT_THAT(fault([] { read_tools(R"({"a":1})", "t"); }), HasSubstr("no text"));
  EXPECT_THAT(fault([] { read_tools(R"({"":"a"})", "t"); }), HasSubstr("empty"));
  EXPECT_THAT(fault([] { read_tools("{\"a\":\"\xff\"}", "t"); }), HasSubstr("UTF-8"));
}

TEST(ToolDataTest, MoreToolsReplaceAndAdd) {
  auto tools = read_tools(R"({"a":"old","b":"b"})", "t");
  merge_tools(tools, read_tools(R"({"c":"c","a":"new"})", "t"));
  ASSERT_EQ(tools.size(), 3u);
  EXPECT_EQ(tools[0].description, "new");
  EXPECT_EQ(tools[2].name, "c");
}

TEST(ToolDataTest, QueriesOfOneCanonicalTextAreOne) {
  const auto tools = read_tools(R"({"a":"","b":"","c":""})", "t");
  const auto csv = read_tool_queries("query,tool\nRain?,b\n rain,a\nSnow,c\nRain?,b\n", "q.csv", tools);
  ASSERT_EQ(csv.size(), 2u);
  EXPECT_THAT(csv[0].tools, ElementsAre(0u, 1u));
  const auto json =
      read_tool_queries(R"([{"query":"Rain?","tool":["b","a"]},{"query":"Snow","tool":"c"}])", "q", tools);
  ASSERT_EQ(json.size(), 2u);
  EXPECT_EQ(json[0].tools, csv[0].tools);
}

TEST(ToolDataTest, FaultyQueriesAreRefused) {
  const auto tools = read_tools(R"({"weather":"","payments":""})", "t");
  const auto of = [&](std::string text) { return fault([&] { read_tool_queries(text, "q.csv", tools); }); };
  EXPECT_THAT(of("query,tool\nRain?,wether\n"), HasSubstr("weather"));
  EXPECT_THAT(of("query,tool\nRain?,wether\n"), HasSubstr("q.csv:2"));
  EXPECT_THAT(of("query,tool\n\"  \",weather\n"), HasSubstr("empty"));
  EXPECT_THAT(of("query,tool\n"), HasSubstr("no queries"));
  EXPECT_THAT(of(""), HasSubstr("no queries"));
  EXPECT_THAT(of("a,b\n1,2\n"), HasSubstr("column"));
  EXPECT_THAT(of("query,tool\na,weather,x\n"), HasSubstr("3 fields"));
  EXPECT_THAT(of(R"([{"query":"x","tool":[]}])"), HasSubstr("neither a name nor a list"));
  EXPECT_THAT(of(R"([{"query":"x","tool":[1]}])"), HasSubstr("no text"));
  EXPECT_THAT(of(R"([{"query":7,"tool":"weather"}])"), HasSubstr("entry 1"));
  EXPECT_THAT(of(R"({"query":"x"})"), HasSubstr("no list"));
}

TEST(ToolDataTest, UnusedToolsGoAndTheOthersAreNumberedAnew) {
  auto tools = read_tools(R"({"a":"","b":"","c":""})", "t");
  auto queries = read_tool_queries("query,tool\nx,c\ny,b\n", "q", tools);
  drop_unused_tools(tools, queries);
  ASSERT_EQ(tools.size(), 2u);
  EXPECT_EQ(tools[queries[0].tools[0]].name, "c");
  EXPECT_EQ(tools[queries[1].tools[0]].name, "b");
}

TEST(ToolDataTest, NoQueryIsOfTwoFoldsAndMoreRowsMoveNone) {
  const auto tools = read_tools(R"({"a":""})", "t");
  std::string csv = "query,tool\n";
  for (int i = 0; i < 200; ++i) csv += "question " + std::to_string(i) + ",a\n";
  const auto few = read_tool_queries(csv, "q", tools);
  const auto more = read_tool_queries(csv + "another,a\nQUESTION 7?,a\n", "q", tools);
  const auto s = split_tool_queries(few, 5), t = split_tool_queries(more, 5);
  std::set<std::string> texts;
  for (const auto* rows : {&s.learn, &s.choose, &s.test})
    for (const auto r : *rows) EXPECT_TRUE(texts.insert(text::canonical_text(few[r].text)).second);
  EXPECT_EQ(texts.size(), 200u);
  EXPECT_GT(s.test.size(), 20u);
  for (const auto r : s.test) EXPECT_TRUE(std::find(t.test.begin(), t.test.end(), r) != t.test.end());
}

}  // namespace
}  // namespace wattline::policy
