// Whether 95 % intervals hold the truth 95 times in a hundred: worlds are drawn from what the factors say of their
// own errors, and the figures of each are held against the interval that the account gives.
#include <cmath>
#include <random>

#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "ledger/impacts.h"

namespace wattline::ledger {
namespace {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}
  double normal(double sd) { return sd * std::normal_distribution<double>()(random_); }
  // Log-normal with the estimate's mean and standard deviation.
  double factor(const RawEstimate& e) {
    const double ratio = e.sd() / e.value(), sigma = std::sqrt(std::log1p(ratio * ratio));
    return e.value() * std::exp(-sigma * sigma / 2 + normal(sigma));
  }

 private:
  std::mt19937_64 random_;
};

struct World {
  double energy = 0, carbon = 0, water = 0;
};

struct Site {
  std::string place;
  std::vector<Estimate<Energy>> rows;
};

// One truth: every factor has one value in it, whoever uses it; every row an error of its own.
World draw(Draw& d, const std::vector<Site>& sites, const catalog::Catalog& catalog) {
  std::map<std::string, double> z;  // of factors that rows share
  std::map<std::string, double> value;  // of factors by which they are multiplied
  const auto of = [&](const std::string& id, const RawEstimate& e) {
    const auto it = value.find(id);
    return it != value.end() ? it->second : value[id] = d.factor(e);
  };
  World out;
  for (const auto& site : sites) {
    const catalog::Grid g =
        catalog::resolve({.place = site.place, .intensity = {}, .water_intensity = {}, .pue = {}, .wue = {}}, catalog);
    double joules = 0;
    for (const auto& row : site.rows) {
      joules += row.raw().value() + d.normal(row.raw().independent_sd());
      for (const auto& [id, sd] : row.raw().by_factor()) {
        if (!z.contains(id)) z[id] = d.normal(1);
        joules += sd * z[id];
      }
    }
    const double pue = of("pue", g.pue.raw()), wue = of("wue", g.wue.raw());
    out.energy += joules;
    out.carbon += joules * pue * of("ci." + site.place, g.carbon_intensity.raw());
    out.water += joules * (wue + pue * of("water." + site.place, g.water_intensity.raw()));
  }
  return out;
}

void expect_coverage(const std::vector<Site>& sites, std::uint64_t seed) {
  const auto catalog = catalog::Catalog::load();
  EnergyBySite sums;
  for (const auto& site : sites)
    for (const auto& row : site.rows) {
      EnergySum sum;
      sum.add(row);
      sums[site.place].add(sum);
    }
  Grids grids(*catalog, {});
  const Impacts impacts = grids.of(sums);
  Draw d(seed);
  constexpr int worlds = 8000;
  int energy = 0, carbon = 0, water = 0;
  const auto holds = [](const RawEstimate& e, double truth) {
    const Interval i = e.interval();
    return i.low <= truth && truth <= i.high;
  };
  for (int i = 0; i < worlds; ++i) {
    const World w = draw(d, sites, *catalog);
    energy += holds(impacts.energy.raw(), w.energy);
    carbon += holds(impacts.carbon.raw(), w.carbon);
    water += holds(impacts.water.raw(), w.water);
  }
  for (const auto& [name, n] : {std::pair("energy", energy), std::pair("carbon", carbon), std::pair("water", water)}) {
    EXPECT_GE(n, 0.93 * worlds) << name;
    EXPECT_LE(n, 0.97 * worlds) << name;
  }
}

std::vector<Estimate<Energy>> rows(int n, double relative, const std::string& factor) {
  std::vector<Estimate<Energy>> out;
  for (int i = 0; i < n; ++i) {
    auto e = Estimate<Energy>::relative(Energy(100 + i), relative, Method::measured, "a meter");
    out.push_back(factor.empty() ? e : std::move(e).from_factor(factor));
  }
  return out;
}

TEST(Coverage, OfOneRow) { expect_coverage({{"FR", rows(1, 0.3, "")}}, 1); }
TEST(Coverage, OfManyRowsWithErrorsOfTheirOwn) { expect_coverage({{"FR", rows(200, 0.5, "")}}, 2); }
TEST(Coverage, OfManyRowsOnOneMeter) { expect_coverage({{"DE", rows(200, 0.3, "meter.a")}}, 3); }
TEST(Coverage, OfPlacesThatShareTheirSitesOverhead) {
  expect_coverage({{"FR", rows(50, 0.2, "meter.a")}, {"DE", rows(50, 0.2, "meter.b")}, {"SE", rows(50, 0.4, "")}}, 4);
}

}  // namespace
}  // namespace wattline::ledger
