// Driver readings beside a bench meter (arXiv:2312.02741): the interval must cover the truth.
#include <cstdlib>
#include <sstream>

#include <gtest/gtest.h>
#include <zlib.h>

#include "kernel/testing.h"
#include "meter/recorder.h"

namespace wattline::meter {
namespace {

namespace fs = std::filesystem;

std::string unpacked(const fs::path& path) {
  std::string out;
  gzFile file = ::gzopen(path.c_str(), "rb");
  char buffer[65536];
  int n;
  while (file && (n = ::gzread(file, buffer, sizeof buffer)) > 0) out.append(buffer, static_cast<std::size_t>(n));
  if (file) ::gzclose(file);
  return out;
}

struct Trace {
  SourceRecord record;
  Time begin, end;
};

Trace load(const fs::path& folder) {
  Trace t;
  t.record.info.component = "gpu-0";
  t.record.info.family = "nvml";
  t.record.info.kind = SourceKind::power;
  t.record.info.gain = "meter.nvml.gain";
  t.record.info.update = Duration(0.1);
  std::istringstream edges(unpacked(folder / "load_edges_us.csv"));
  std::vector<std::int64_t> at;
  for (std::string line; std::getline(edges, line);)
    if (!line.empty() && std::isdigit(static_cast<unsigned char>(line[0]))) at.push_back(std::stoll(line) * 1000);
  t.begin = Time{at.front()};
  t.end = Time{at.back()};
  std::istringstream rows(unpacked(folder / "nvidia_smi.csv.gz"));
  std::string line;
  std::getline(rows, line);
  while (std::getline(rows, line)) {
    // "2023/05/11 14:35:07.001, 0 %, P0, 30, 1410 MHz, 52.60 W, ...": local time, one hour before UTC.
    std::string stamp = line.substr(0, line.find(','));
    std::replace(stamp.begin(), stamp.end(), '/', '-');
    stamp[10] = 'T';
    std::size_t comma = 0;
    for (int i = 0; i < 5; ++i) comma = line.find(',', comma + 1);
    const double watts = std::strtod(line.c_str() + comma + 1, nullptr);
    t.record.readings.add(Time{parse_time(stamp).ns - 3'600'000'000'000}, watts);
  }
  return t;
}

struct Known {
  const char* folder;
  double true_joules, read_joules, period;
};

class GpuTraces : public testing::TestWithParam<Known> {};
INSTANTIATE_TEST_SUITE_P(Real, GpuTraces,
                         testing::Values(Known{"square_5050_A100", 1024.72, 1023.34, 0.104},
                                         Known{"transient_A100", 1580.29, 1492.32, 0.104},
                                         Known{"transient_RTX3090", 3439.60, 3270.99, 0.100}));

TEST_P(GpuTraces, TheIntervalCoversTheBenchMeter) {
  const auto shared = wattline::tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const Known& known = GetParam();
  const Trace t = load(*shared / "data/gpu-power-traces" / known.folder);
  const auto catalog = catalog::Catalog::load();
  const auto c = component_energy(t.record, t.begin, t.end, *catalog);
  // The reference leaves out the few milliseconds before the first and after the last reading.
  EXPECT_NEAR(c.energy.value().base(), known.read_joules, known.read_joules * 2e-3);
  EXPECT_LT(c.energy.low().base(), known.true_joules);
  EXPECT_GT(c.energy.high().base(), known.true_joules);
  EXPECT_NEAR(renewal_period(t.record.readings).base(), known.period, 0.01);
}

}  // namespace
}  // namespace wattline::meter
