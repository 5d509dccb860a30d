#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/config.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;

ConfigReading read(std::string_view text) {
  return read_config(text, "serve.toml", [](const std::string&) { return std::nullopt; });
}

TEST(FeedbackConfigTest, FeedbackAdaptationAndClassifiersAreRead) {
  const auto r = read(
      "[feedback]\nper_minute = 5\ninfluence = 3\nhalf_life = \"2 h\"\nfile = \"f.jsonl\"\n"
      "[adaptation]\nenabled = true\nmost_shift = 0.1\nhalf_life = \"10 d\"\nusers = 7\n"
      "[[router]]\nid = \"auto\"\npolicy = \"p.toml\"\n"
      "[[router.classifier]]\nname = \"moderation\"\nurl = \"http://127.0.0.1:9000/c\"\ntimeout = \"80 ms\"\n");
  for (const auto& f : r.faults) ADD_FAILURE() << f.what();
  EXPECT_EQ(r.config.feedback.per_minute, 5);
  EXPECT_EQ(r.config.feedback.half_life.base(), 7200);
  EXPECT_TRUE(r.config.adaptation.enabled);
  EXPECT_EQ(r.config.adaptation.rule.most, 0.1);
  EXPECT_EQ(r.config.adaptation.rule.users, 7u);
  ASSERT_EQ(r.config.routers.at(0).classifiers.size(), 1u);
  EXPECT_NEAR(r.config.routers[0].classifiers[0].timeout.base(), 0.08, 1e-9);
}

TEST(FeedbackConfigTest, FaultsAreNamed) {
  const auto said = [](std::string_view text) {
    std::string all;
    for (const auto& f : read(text).faults) all += std::string(f.what()) + "\n";
    return all;
  };
  EXPECT_THAT(said("[feedback]\ninfluence = -1\n"), HasSubstr("influence"));
  EXPECT_THAT(said("[feedback]\nenable = true\n"), HasSubstr("enable"));
  EXPECT_THAT(said("[adaptation]\nmost_shift = 2\n"), HasSubstr("most_shift"));
  EXPECT_THAT(said("[adaptation]\nkeep = 0\n"), HasSubstr("keep"));
  const std::string router = "[[router]]\nid = \"auto\"\npolicy = \"p.toml\"\n[[router.classifier]]\n";
  EXPECT_THAT(said(router + "name = \"m\"\n"), HasSubstr("url"));
  EXPECT_THAT(said(router + "name = \"m\"\nurl = \"ftp://x\"\n"), HasSubstr("http://"));
  EXPECT_THAT(said(router + "url = \"http://127.0.0.1:1/\"\n"), HasSubstr("name"));
}

}  // namespace
}  // namespace wattline::serve
