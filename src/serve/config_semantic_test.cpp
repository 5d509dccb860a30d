#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "serve/config.h"

namespace wattline::serve {
namespace {

using ::testing::HasSubstr;

ConfigReading read(std::string_view toml) {
  auto r = read_config(toml, "gateway.toml", [](const std::string&) { return std::optional<std::string>(); });
  for (auto& e : check_whole(r.config)) r.faults.push_back(std::move(e));
  return r;
}
std::string faults(std::string_view toml) {
  std::string out;
  for (const auto& e : read(toml).faults) out += e.what() + std::string("\n");
  return out;
}

TEST(SemanticConfig, IsOffByDefault) {
  EXPECT_FALSE(read("").config.cache.semantic.enabled);
  EXPECT_EQ(read("").config.cache.semantic.threshold, 0.92);
}

TEST(SemanticConfig, CategoriesTakeWhatTheyDoNotSayFromTheTable) {
  const auto r = read(
      "[cache]\nenabled = true\n[cache.semantic]\nenabled = true\nthreshold = 0.95\nttl = \"10 min\"\nscope = \"all\"\n"
      "conversation = \"same_history\"\naudit = 0.1\nmax_temperature = 0.5\nsize = \"32 MiB\"\n"
      "[[cache.semantic.category]]\nname = \"law\"\nenabled = false\n"
      "[[cache.semantic.category]]\nname = \"history\"\nthreshold = 0.9\nttl = \"7 d\"\nshare = 0.25\n");
  EXPECT_TRUE(r.faults.empty());
  const auto& c = r.config.cache.semantic;
  EXPECT_TRUE(c.enabled && c.across_tenants && c.later_turns);
  EXPECT_EQ(c.size.base(), 32.0 * 1024 * 1024);
  ASSERT_EQ(c.categories.size(), 2u);
  EXPECT_FALSE(c.categories[0].enabled);
  EXPECT_EQ(c.categories[0].threshold, 0.95);
  EXPECT_EQ(c.categories[0].ttl.base(), 600);
  EXPECT_EQ(c.categories[1].threshold, 0.9);
  EXPECT_EQ(c.categories[1].share, 0.25);
}

TEST(SemanticConfig, FaultsAreTold) {
  const std::string on = "[cache]\nenabled = true\n[cache.semantic]\nenabled = true\n";
  EXPECT_EQ(faults(on), "");
  EXPECT_THAT(faults("[cache.semantic]\nenabled = true\n"), HasSubstr("cache.enabled"));
  EXPECT_THAT(faults(on + "threshold = 0.2\n"), HasSubstr("gateway.toml:5"));
  EXPECT_THAT(faults(on + "audit = 2\n"), HasSubstr("audit"));
  EXPECT_THAT(faults(on + "scope = \"world\"\n"), HasSubstr("tenant"));
  EXPECT_THAT(faults(on + "treshold = 0.9\n"), HasSubstr("treshold"));
  EXPECT_THAT(faults(on + "[[cache.semantic.category]]\nthreshold = 0.9\n"), HasSubstr("name"));
  EXPECT_THAT(faults(on + "[[cache.semantic.category]]\nname = \"laww\"\n"), HasSubstr("laww"));
  EXPECT_THAT(faults(on + "[[cache.semantic.category]]\nname = \"law\"\n[[cache.semantic.category]]\nname = \"law\"\n"),
              HasSubstr("already"));
}

}  // namespace
}  // namespace wattline::serve
