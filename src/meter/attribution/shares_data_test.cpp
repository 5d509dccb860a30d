// How far power above idle follows CPU time, on servers whose power was measured.
#include <algorithm>
#include <optional>
#include <vector>

#include <gtest/gtest.h>

#include "catalog/catalog.h"
#include "kernel/table.h"
#include "kernel/testing.h"
#include "meter/roots.h"

namespace wattline::meter {
namespace {

struct Step {
  double load, watts;
};

std::vector<Step> steps(const std::filesystem::path& folder, const std::string& kind, const std::string& cpu) {
  std::vector<Step> out;
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    if (name.find(kind) == name.npos || name.find(cpu) == name.npos) continue;
    const auto text = read_small_file(file.path(), 1 << 20);
    const Table t = read_csv(text.value());
    const auto load = t.column("cpu_load").to_numbers(), watts = t.column("rapl_power").to_numbers();
    for (std::size_t i = 0; i < load.size(); ++i) out.push_back({load[i], watts[i]});
  }
  std::sort(out.begin(), out.end(), [](const Step& a, const Step& b) { return a.load < b.load; });
  return out;
}

std::optional<double> at(const std::vector<Step>& all, double load) {
  for (std::size_t i = 1; i < all.size(); ++i)
    if (load >= all[i - 1].load && load <= all[i].load)
      return all[i - 1].watts +
             (all[i].watts - all[i - 1].watts) * (load - all[i - 1].load) / (all[i].load - all[i - 1].load);
  return std::nullopt;
}

TEST(SharesData, TheSameCpuTimeDrawsWhatTheFactorSays) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  std::vector<double> ratios;
  // Of the third server package and cores were added up: it is left out.
  for (const char* cpu : {"EPYC_8024P", "E5-2620"}) {
    const auto all = steps(*shared / "data/cpu-load-rapl", "all_cores", cpu);
    const auto some = steps(*shared / "data/cpu-load-rapl", "some_cores", cpu);
    ASSERT_GT(all.size(), 5u);
    for (std::size_t i = 1; i < some.size(); ++i)
      if (const auto watts = at(all, some[i].load))
        ratios.push_back((some[i].watts - some[0].watts) / (*watts - all[0].watts));
  }
  ASSERT_EQ(ratios.size(), 19u);
  const auto [low, high] = std::minmax_element(ratios.begin(), ratios.end());
  const auto catalog = catalog::Catalog::load();
  const auto& factor = catalog->factor("meter.attribution.cpu_time");
  EXPECT_NEAR(*low, factor.interval.low, 0.005);
  EXPECT_NEAR(*high, factor.interval.high, 0.005);
}

}  // namespace
}  // namespace wattline::meter
