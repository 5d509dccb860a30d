// The functions over series against published power traces.
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>
#include <zlib.h>

#include "kernel/series.h"
#include "kernel/testing.h"

namespace wattline {
namespace {

namespace fs = std::filesystem;

std::string gunzipped(const fs::path& path) {
  std::string out;
  gzFile file = gzopen(path.c_str(), "rb");
  char buffer[1 << 16];
  for (int n = 0; file && (n = gzread(file, buffer, sizeof buffer)) > 0;)
    out.append(buffer, static_cast<std::size_t>(n));
  if (file) gzclose(file);
  return out;
}

// Column `index` of the log, whose local time is UTC+1.
Series smi_log(const fs::path& folder, std::size_t index) {
  Series s{"power.draw", "W", {}, {}};
  for_each_csv_row(gunzipped(folder / "nvidia_smi.csv.gz"), ',', "nvidia_smi.csv.gz",
                   [&](std::size_t row, const std::vector<std::string_view>& cells) {
                     if (row == 0 || cells.size() <= index || cells[0].size() < 23) return;
                     std::string time(cells[0].substr(0, 23));
                     time[4] = time[7] = '-';
                     time[10] = 'T';
                     const std::string value(cells[index]);
                     char* end = nullptr;
                     const double v = std::strtod(value.c_str(), &end);
                     if (end != value.c_str()) s.add(parse_time(time + "+01:00"), v);
                   });
  return s;
}

// The logger of the board's own supply (PROVENANCE of the data tells the format).
Series supply_log(const fs::path& folder) {
  const std::string raw = gunzipped(folder / "pmd.bin.gz");
  std::ifstream start_file(folder / "pmd_start_us.txt");
  std::int64_t start_us = 0;
  start_file >> start_us;
  Series ticks{"ticks", "", {}, {}};
  std::vector<double> watts;
  const auto word = [&](std::size_t record, std::size_t k) {
    const auto* p = reinterpret_cast<const unsigned char*>(raw.data()) + record * 18 + 2 * k;
    return static_cast<unsigned>(p[0] | (p[1] << 8));
  };
  const auto level = [&](std::size_t record, std::size_t k) {
    const int v = static_cast<std::int16_t>(word(record, k)) >> 4;
    return (v & 0x800) ? 0 : v & 0xFFF;
  };
  for (std::size_t r = 0; r < raw.size() / 18; ++r) {
    double power = 0;
    for (std::size_t pair = 0; pair < 4; ++pair)
      power += level(r, 1 + 2 * pair) * 0.007568 * (level(r, 2 + 2 * pair) * 0.0488);
    ticks.add(Time{static_cast<std::int64_t>(r)}, word(r, 0));
    watts.push_back(power);
  }
  // The time stamps are a 16-bit counter; records come far oftener than it wraps (every 22 ms).
  const CounterSeries unwrapped = unwrap(ticks, 65536, 1e300);
  EXPECT_EQ(unwrapped.resets, 0u);
  Series s{"supply", "W", {}, {}};
  for (std::size_t r = 0; r < watts.size(); ++r)
    s.add(Time{(start_us - 50'000) * 1000 + static_cast<std::int64_t>(unwrapped.total.values[r] / 2933.5 * 1e6)},
          watts[r]);
  return s;
}

struct Reference {
  const char* folder;
  double supply, draw;  // J between the first and the last load edge
};

TEST(SeriesData, IntegralsOfPublishedTraces) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  for (const Reference& r :
       {Reference{"square_5050_A100", 1024.72, 1023.34}, Reference{"transient_A100", 1580.29, 1492.32},
        Reference{"transient_RTX3090", 3439.60, 3270.99}}) {
    const fs::path folder = *shared / "data" / "gpu-power-traces" / r.folder;
    if (!fs::exists(folder)) GTEST_SKIP() << "skipped: no shared data";
    std::ifstream edges(folder / "load_edges_us.csv");
    std::string line;
    std::int64_t first = 0, last = 0;
    while (std::getline(edges, line))
      if (!line.empty() && std::isdigit(static_cast<unsigned char>(line[0]))) {
        last = std::stoll(line);
        if (first == 0) first = last;
      }
    const Time begin{first * 1000}, end{last * 1000};
    const Series draw = smi_log(folder, 5), supply = supply_log(folder);
    // The reference bridges all gaps.
    EXPECT_NEAR(integrate(draw, begin, end, 0).value, r.draw, 0.002 * r.draw) << r.folder;
    EXPECT_NEAR(integrate(supply, begin, end, 0).value, r.supply, 0.001 * r.supply) << r.folder;
    const Integral careful = integrate(draw, begin, end);
    EXPECT_LT(careful.missing.base(), 0.05 * (end - begin).base()) << r.folder;
    EXPECT_NEAR(careful.covered.base() + careful.missing.base(), (end - begin).base(), 1e-6) << r.folder;
    const Series grid = resample(draw, Duration(0.05), Resampling::mean, 0);
    double sum = 0;
    for (const double v : grid.values) sum += std::isfinite(v) ? v * 0.05 : 0;
    EXPECT_NEAR(sum, integrate(draw, {}, {}, 0).value, 0.01 * sum) << r.folder;
  }
}

TEST(SeriesData, TheReadingLagsBehindTheSupply) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const fs::path folder = *shared / "data" / "gpu-power-traces" / "transient_A100";
  if (!fs::exists(folder)) GTEST_SKIP() << "skipped: no shared data";
  const Alignment a = align(resample(supply_log(folder), Duration(0.005), Resampling::mean), smi_log(folder, 5),
                            Duration(0.5), Duration(0.005));
  // A reading is a mean over the past, so it is late, and no more than its update period.
  EXPECT_LE(a.lag.base(), 0.01);
  EXPECT_GE(a.lag.base(), -0.2);
  EXPECT_GT(a.correlation, 0.99);
}

TEST(SeriesData, LoadStepsOfAServer) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const fs::path file = *shared / "data" / "cpu-load-rapl" /
                        "compare_cpu_load_and_RAPL-all_cores-AMD_EPYC_8024P_8-Core_Processor-2025-01-14.csv";
  if (!fs::exists(file)) GTEST_SKIP() << "skipped: no shared data";
  std::ifstream in(file);
  std::stringstream text;
  text << in.rdbuf();
  const Series s = to_series(read_csv(text.str(), file.filename().string()), "rapl_power");
  ASSERT_GE(s.size(), 10u);
  EXPECT_NEAR(find_faults(s).median_step.base(), 31, 1);
  EXPECT_TRUE(find_faults(s).gaps.empty());
  EXPECT_GT(s.values.back(), s.values.front());
}

}  // namespace
}  // namespace wattline
