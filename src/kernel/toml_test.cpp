#include "kernel/toml.h"

#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline {
namespace {

TEST(Toml, KeepsOrderKindsAndLines) {
  SourceLines lines;
  const Json v = json_from_toml(
      "z = 1\na = \"x\"\n\n[[signal]]\nname = 'one'\n\n[[signal]]\nname = 'two'\nlist = [1.5, true, { k = 2 }]\n"
      "when = 2026-11-26\n[last]\nb = 1\n",
      "p.toml", &lines);
  ASSERT_EQ(v.as_object().size(), 4u);
  EXPECT_EQ(v.as_object()[0].first, "z");
  EXPECT_EQ(v.as_object()[2].first, "signal");
  EXPECT_EQ(v.as_object()[3].first, "last");
  const auto& second = v.at("signal").as_array()[1];
  EXPECT_EQ(second.at("list").as_array()[0].as_number(), 1.5);
  EXPECT_EQ(second.at("list").as_array()[2].at("k").as_integer(), 2);
  EXPECT_EQ(second.at("when").as_string(), "2026-11-26");
  EXPECT_EQ(lines.parts[1].line, 2u);
  EXPECT_EQ(lines.parts[2].parts[1].line, 7u);
  EXPECT_EQ(lines.parts[2].parts[1].parts[1].line, 9u);
}

TEST(Toml, ValuesReadBackAsThemselves) {
  const Json v = parse_json(R"({"plain":1,"two words":"a \"b\"\n\u007f","list":[1,[2.0,1e300],{"x":{}}],"ü":"é",
      "empty":[],"yes":true,"":"no key"})");
  std::string text = "v = ";
  append_toml_value(text, v);
  EXPECT_EQ(json_from_toml(text).at("v"), v) << text;
  std::string ignored;
  EXPECT_THROW(append_toml_value(ignored, Json(Json::Array{Json()})), Error);
}

TEST(Toml, BrokenFilesAreErrorsWithALine) {
  const auto message = [](std::string_view text) -> std::string {
    try {
      json_from_toml(text, "p.toml");
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_NE(message("a = 1\nb = [1, \n").find("p.toml:"), std::string::npos);
  EXPECT_NE(message("a = 1\na = 2\n").find("p.toml:2"), std::string::npos);
  EXPECT_NE(message("a = \xff\n").find("not UTF-8"), std::string::npos);
  EXPECT_NE(message("a = 1\nb = inf\n").find("p.toml:2"), std::string::npos);
  EXPECT_NE(message("a = " + std::string(5000, '[')).find("p.toml"), std::string::npos);
}

}  // namespace
}  // namespace wattline
