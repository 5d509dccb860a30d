#include "kernel/yaml.h"

#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline {
namespace {

TEST(Yaml, ScalarsAreOfTheirKind) {
  const Json v = json_from_yaml("a: 12\nb: 1.5\nc: yes it is\nd: true\ne: '12'\nf:\ng: 007\nh: [1, x]\ni: 1e3\n");
  EXPECT_EQ(v.at("a").as_integer(), 12);
  EXPECT_EQ(v.at("b").as_number(), 1.5);
  EXPECT_EQ(v.at("c").as_string(), "yes it is");
  EXPECT_TRUE(v.at("d").as_bool());
  EXPECT_EQ(v.at("e").as_string(), "12");
  EXPECT_TRUE(v.at("f").is_null());
  EXPECT_EQ(v.at("g").as_string(), "007") << "a name that happens to be digits";
  EXPECT_EQ(v.at("h").as_array().size(), 2u);
  EXPECT_EQ(v.at("i").as_number(), 1000);
}

TEST(Yaml, WritesWhatReadsBackTheSame) {
  const Json v = parse_json(R"({"plain":"text here","number":"12","yes":"yes","null":"null","colon":"a: b","dash":"- x",
      "hash":"#1","empty":"","quote":"say \"x\"\n","list":[1,[2,{"a":null}],{},[]],"deep":{"x":{"y":true}},"é":"ü",
      "exp":"1e5","date":"2026-11-24","big":1.5e300, "~":"~", "tail":"x:"})");
  EXPECT_EQ(json_from_yaml(yaml_from_json(v)), v) << yaml_from_json(v);
}

TEST(Yaml, ListsOfMapsBeginBehindTheirDash) {
  const Json v = parse_json(R"({"a":[{"x":1,"z":[2,3]},[4],"t"]})");
  EXPECT_EQ(yaml_from_json(v), "a:\n  - x: 1\n    z:\n      - 2\n      - 3\n  - - 4\n  - t\n");
  EXPECT_EQ(json_from_yaml(yaml_from_json(v)), v);
}

TEST(Yaml, TellsTheLinesOfValues) {
  SourceLines lines;
  const Json v = json_from_yaml("a: 1\nb:\n  c: [1,\n    2]\n  d:\ne:\n- x\n- y: 1\n", "f", &lines);
  ASSERT_EQ(lines.parts.size(), v.as_object().size());
  EXPECT_EQ(lines.parts[0].line, 1u);
  EXPECT_EQ(lines.parts[1].line, 2u);
  EXPECT_EQ(lines.parts[1].parts[0].line, 3u);
  EXPECT_EQ(lines.parts[1].parts[0].parts[1].line, 4u);
  EXPECT_EQ(lines.parts[1].parts[1].line, 5u) << "a value that is not there stands where its key does";
  EXPECT_EQ(lines.parts[2].parts[1].line, 8u);
}

TEST(Yaml, BrokenFilesAreErrorsWithALine) {
  const auto message = [](std::string_view text) -> std::string {
    try {
      json_from_yaml(text, "card.md");
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_NE(message("a: 1\nb: [1, 2\n").find("card.md:"), std::string::npos);
  EXPECT_NE(message("a: 1\na: 2\n").find("'a' stands twice"), std::string::npos);
  EXPECT_NE(message("a: \xff\n").find("not UTF-8"), std::string::npos);
  EXPECT_NE(message("a: 1\n---\nb: 2\n").find("2 YAML documents"), std::string::npos);
  EXPECT_NE(message("a: *nothing\n").find("card.md:1"), std::string::npos);
  EXPECT_NE(message("? [a, b]\n: 1\n").find("key"), std::string::npos);
}

TEST(Yaml, ASmallFileCannotUnfoldIntoALargeOne) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 10; ++k) bomb += (k ? ", *a" : "*a") + std::to_string(i - 1);
    bomb += "]\n";
  }
  EXPECT_THROW(json_from_yaml(bomb), Error);
  EXPECT_THROW(json_from_yaml(std::string(5000, '[')), Error);
}

TEST(Yaml, FrontMatterAndItsBody) {
  DocumentKind kind{};
  std::string body;
  const Json v = read_document("---\r\nlicense: mit\r\n---\r\n# Title\r\n", "card", &kind, &body);
  EXPECT_EQ(kind, DocumentKind::markdown);
  EXPECT_EQ(v.at("license").as_string(), "mit");
  EXPECT_EQ(body, "# Title\r\n");
  EXPECT_THROW(read_document("---\nlicense: mit\n# never ends\n", "card"), Error);
  EXPECT_THROW(read_document("  \n", "card"), Error);
  read_document("# Only a title\n\nText with words: and colons\n", "card.md", &kind, &body);
  EXPECT_EQ(kind, DocumentKind::markdown);
  read_document("# a comment\nkey: value\n", "card.yaml", &kind);
  EXPECT_EQ(kind, DocumentKind::yaml);
  EXPECT_EQ(read_document("{\"a\": 1}", "card", &kind).at("a").as_integer(), 1);
  EXPECT_EQ(kind, DocumentKind::json);
}

}  // namespace
}  // namespace wattline
