#include "policy/language/expression.h"

#include <gtest/gtest.h>

#include "policy/language/condition.h"

namespace wattline::policy {
namespace {

std::optional<Condition> parsed(std::string_view text, std::vector<Finding>* found = nullptr) {
  std::vector<Finding> own;
  Faults faults("p.toml", found ? *found : own);
  return parse_expression(text, 10, "decision 'd'", faults);
}

std::string again(std::string_view text) {
  const auto c = parsed(text);
  return c ? expression_text(*c) : "none";
}

TEST(Expression, BindsOrWeakerThanAndWeakerThanNot) {
  EXPECT_EQ(again(R"(a("x") or b("y") and not c("z"))"), R"(a("x") OR b("y") AND NOT c("z"))");
  EXPECT_EQ(again(R"((a("x") OR b("y")) AND NOT (c("z") OR d("w")))"),
            R"((a("x") OR b("y")) AND NOT (c("z") OR d("w")))");
  EXPECT_EQ(again(R"(((a("x"))))"), R"(a("x"))");
  EXPECT_EQ(again(R"(not not a("x"))"), R"(NOT NOT a("x"))");
  EXPECT_EQ(again(R"(a(x, on_error: match))"), R"(a("x", on_error: match))");
}

TEST(Expression, GroupsOfOneKindKeepTheirTree) {
  // The mean of means is another confidence than the mean of all.
  EXPECT_EQ(again(R"((a("1") AND b("2")) AND c("3"))"), R"((a("1") AND b("2")) AND c("3"))");
  EXPECT_EQ(parsed(R"(a("1") AND b("2") AND c("3"))")->parts.size(), 3u);
  EXPECT_EQ(parsed(R"((a("1") OR b("2")) OR c("3"))")->parts.size(), 2u);
}

TEST(Expression, OfNothingIsAlwaysTrue) {
  EXPECT_TRUE(parsed("")->always());
  EXPECT_TRUE(parsed("  # nothing\n")->always());
  EXPECT_EQ(expression_text(Condition{}), "");
}

TEST(Expression, FaultsNameTheirPlace) {
  std::vector<Finding> found;
  EXPECT_FALSE(parsed("keyword(\"a\") and\n and", &found));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].where, "p.toml:11");
  EXPECT_EQ(found[0].message,
            "the condition of decision 'd', character 2: expected a condition such as keyword(\"name\"), NOT or '(', "
            "found 'and'");
  for (const char* text :
       {"keyword(\"a\") keyword(\"b\")", "keyword", "x keyword(", "keyword(", "keyword()", "keyword(\"a\"", "and",
        "keyword(\"a\", other: 1)", "keyword(\"a\", on_error: maybe)", "(keyword(\"a\")", "§"})
    EXPECT_FALSE(parsed(text, &found)) << text;
}

TEST(Expression, IsTheTreeOfYaml) {
  const auto c = parsed(R"((a("x") OR b("y")) AND NOT c("z", on_error: match))");
  std::vector<Finding> found;
  Faults faults("p", found);
  const Json tree = condition_json(*c);
  EXPECT_EQ(read_condition({tree, nullptr}, "d", faults), *c);
  EXPECT_TRUE(found.empty());
}

}  // namespace
}  // namespace wattline::policy
