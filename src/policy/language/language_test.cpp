#include "policy/language/language.h"

#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::policy {
namespace {

TEST(Language, IsToldByNameOrLook) {
  EXPECT_EQ(language_of("a.toml", "x: y"), Language::toml);
  EXPECT_EQ(language_of("a.yml", "[x]"), Language::yaml);
  EXPECT_EQ(language_of("a.dsl", ""), Language::dsl);
  EXPECT_EQ(language_of("a", "# c\n\n[[signal]]\n"), Language::toml);
  EXPECT_EQ(language_of("a", "version = \"v1: x\"\n"), Language::toml);
  EXPECT_EQ(language_of("a", "version: v=1\n"), Language::yaml);
  EXPECT_EQ(language_of("a", "# c\n  SIGNAL keyword a {"), Language::dsl);
  EXPECT_EQ(language_of("a", "SIGNALS: 1"), Language::yaml);
}

TEST(Language, WithoutAPlaceForFaultsTheFirstIsThrown) {
  try {
    read_policy("[[decision]]\nname = 1.5\nwhen = 2\n[[decision]]\n", "p.toml");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.where(), "p.toml:3");
    EXPECT_NE(e.message().find("the first of 2 faults"), std::string::npos) << e.what();
  }
  for (const auto l : {Language::toml, Language::yaml, Language::dsl}) {
    Document d;
    d.main.decisions.push_back({.name = "all", .models = {{"m"}}});
    EXPECT_EQ(read_policy(write_policy(d, l), "p", l).main.decisions[0].models[0].model, "m") << to_string(l);
  }
}

}  // namespace
}  // namespace wattline::policy
