#include "catalog/capabilities.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "catalog/intensity/intensity_store.h"
#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline::catalog {
namespace {

using testing::AllOf;
using testing::HasSubstr;

Result run(const std::string& name, const std::vector<std::string>& words) {
  for (const auto& c : capabilities()) {
    if (c.name != name) continue;
    Context context;
    context.provide(Catalog::load());
    static const tests::ScratchDir scratch;
    context.provide(std::make_shared<IntensityLocation>(IntensityLocation{scratch.path().string()}));
    const auto options = options_from_arguments(c, words);
    return c.run(options.get(), context);
  }
  throw std::logic_error("no such capability");
}
std::string refused(const std::string& name, const std::vector<std::string>& words) {
  try {
    run(name, words);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(CatalogCommands, ExamplesSayWhatTheyPromise) {
  for (const auto& c : capabilities()) {
    EXPECT_EQ(c.room, "catalog");
    EXPECT_FALSE(c.description.empty());
    for (const auto& e : c.examples) {
      const tests::ScratchDir dir;
      std::filesystem::current_path(dir.path());
      for (const auto& [name, content] : e.files) std::ofstream(name, std::ios::binary) << content;
      EXPECT_THAT(to_text(run(c.name, e.arguments)), HasSubstr(e.expects)) << c.name;
      std::filesystem::current_path("/");
    }
  }
}

TEST(CatalogCommands, ListsAreWholeAndFilterByKind) {
  const auto catalog = Catalog::load();
  const Result all = run("devices", {});
  const Table* t = all.find_table("catalog.devices.v1");
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(t->rows(), catalog->devices().size());
  const Result gpus = run("devices", {"--kind", "gpu"});
  for (const auto& kind : gpus.find_table("catalog.devices.v1")->column("kind").texts()) EXPECT_EQ(kind, "gpu");
  EXPECT_EQ(run("models", {}).find_table("catalog.models.v1")->rows(), catalog->models().size());
  EXPECT_LT(run("models", {"--open"}).find_table("catalog.models.v1")->rows(), catalog->models().size());
  EXPECT_EQ(run("places", {}).find_table("catalog.places.v1")->rows(), catalog->places().size());
  EXPECT_EQ(run("places", {"--regions"}).find_table("catalog.regions.v1")->rows(), catalog->regions().size());
  EXPECT_EQ(run("factors", {}).find_table("catalog.factors.v1")->rows(), catalog->factors().size());
  const Result sorted = run("places", {"--sort", "intensity"});
  const auto& grams = sorted.find_table("catalog.places.v1")->column("carbon_intensity").numbers();
  EXPECT_TRUE(std::is_sorted(grams.begin(), grams.end()));
}

TEST(CatalogCommands, OneRowIsExplainedWhole) {
  const Result h100 = run("devices", {"NVIDIA H100 80GB HBM3"});
  EXPECT_THAT(to_text(h100, 200), AllOf(HasSubstr("NVIDIA H100 SXM"), HasSubstr("989"), HasSubstr("aiconfigurator"),
                                        HasSubstr("Apache-2.0"), HasSubstr("H100 SXM5")));
  EXPECT_EQ(h100.factors.size(), 1u);
  EXPECT_THAT(to_text(run("devices", {"Apple M1"}), 200), HasSubstr("can be measured, not predicted"));
  EXPECT_THAT(to_text(run("models", {"gpt-4o"}), 200),
              AllOf(HasSubstr("EcoLogits"), HasSubstr("shape is not published")));
  const Result region = run("places", {"gcp/europe-west1"});
  EXPECT_THAT(to_text(region, 200),
              AllOf(HasSubstr("Belgium"), HasSubstr("power usage effectiveness"), HasSubstr("Carbon")));
  ASSERT_NE(region.find_estimate("carbon"), nullptr);
  EXPECT_THAT(to_text(run("factors", {"pue.default"}), 200), AllOf(HasSubstr("Uptime"), HasSubstr("1.1")));
}

TEST(CatalogCommands, WhatIsNotThereIsAnError) {
  EXPECT_THAT(refused("devices", {"H1000"}), HasSubstr("H100"));
  EXPECT_THAT(refused("places", {"Frnce"}), HasSubstr("'France'"));
  EXPECT_THAT(refused("factors", {"pue"}), HasSubstr("'pue.default'"));
  EXPECT_THAT(refused("factors", {"--group", "pew"}), HasSubstr("unknown group 'pew'"));
  EXPECT_THAT(refused("devices", {"--match", "zx81"}), AllOf(HasSubstr("zx81"), HasSubstr("wattline catalog devices")));
  EXPECT_THAT(refused("models", {"--match", "zx81"}), HasSubstr("zx81"));
  EXPECT_THAT(refused("places", {"--regions", "--match", "atlantis"}), HasSubstr("atlantis"));
  EXPECT_THAT(refused("devices", {"--kind", "toaster"}), HasSubstr("accelerator"));
}

}  // namespace
}  // namespace wattline::catalog
