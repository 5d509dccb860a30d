#include "catalog/generation.h"

#include <fstream>
#include <numeric>

#include <gtest/gtest.h>

#include "catalog/testing.h"
#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline::catalog {
namespace {

const Catalog& embedded() { return tests::catalog_context().get<Catalog>(); }
double sum(const GenerationRow& row) {
  return std::accumulate(row.by_fuel.begin(), row.by_fuel.end(), 0.0,
                         [](double s, const auto& f) { return s + f.second; });
}

TEST(GenerationMixes, CountriesAreFoundByAnySpelling) {
  const auto mixes = GenerationMixes::load(embedded());
  EXPECT_GE(mixes->rows().size(), 200u);
  for (const char* name : {"FR", "FRA", "France", "france", "gcp/europe-west9"}) {
    const auto* row = mixes->find(name, embedded());
    ASSERT_TRUE(row) << name;
    EXPECT_EQ(row->code, "FRA") << name;
  }
  // No mix of the whole stands for a part.
  EXPECT_FALSE(mixes->find("US-CA", embedded()));
  EXPECT_FALSE(mixes->find("Atlantis", embedded()));
  EXPECT_FALSE(mixes->find("", embedded()));
  const FactorUse use = mixes->find("FR", embedded())->use();
  EXPECT_GT(use.source.size(), 15u);
  EXPECT_FALSE(use.licence.empty());
}

TEST(GenerationMixes, TheWorldIsTheSumOfItsCountries) {
  const auto mixes = GenerationMixes::load(embedded());
  const auto* world = mixes->find("WORLD", embedded());
  ASSERT_TRUE(world);
  double all = 0;
  for (const auto& row : mixes->rows()) all += sum(row);
  EXPECT_NEAR(sum(*world), all, 1e-6 * all);
  // What the world row of carbon intensity was weighted by.
  EXPECT_NEAR(all, 29476, 1);
}

TEST(GenerationMixes, AnotherFileReplacesOurs) {
  tests::ScratchDir dir;
  const auto with = [&](const char* rows) {
    std::ofstream(dir.path() / "generation_mixes.csv") << "code,name,hydro,gas,year,source\n" << rows;
    const auto catalog = Catalog::load(dir.path());
    return std::pair{catalog, GenerationMixes::load(*catalog)};
  };
  const auto [catalog, mixes] = with("USCA,California,30,70,2024,our own list\n");
  ASSERT_EQ(mixes->rows().size(), 1u);
  EXPECT_TRUE(mixes->find("California", *catalog));
  EXPECT_EQ(mixes->rows()[0].source, "our own list");
  EXPECT_THROW(with("USCA,California,-30,70,2024,our own list\n"), Error);
  EXPECT_THROW(with(",California,30,70,2024,our own list\n"), Error);
  EXPECT_THROW(with("USCA,California,a lot,70,2024,our own list\n"), Error);
}

}  // namespace
}  // namespace wattline::catalog
