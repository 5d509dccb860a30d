// Reading tables and integrating series, against the least that any reader has to do.
#include <cstring>
#include <random>

#include <fmt/format.h>

#include "kernel/series.h"
#include "kernel/table.h"
#include "ratios.h"

namespace wattline {
namespace {

constexpr std::size_t row_count = 1'000'000;

// Four numbers a row, as a power log has them: seconds, watts, degrees, a counter.
const std::string& numbers_csv() {
  static const std::string text = [] {
    std::mt19937_64 random(1);
    std::normal_distribution<double> noise(0, 1);
    std::string out = "seconds [s],power [W],temperature,energy_counter\n";
    for (std::size_t i = 0; i < row_count; ++i)
      fmt::format_to(std::back_inserter(out), "{:.3f},{:.4f},{:.2f},{}\n", 0.1 * static_cast<double>(i),
                     250 + 30 * noise(random), 60 + 4 * noise(random), 1'000'000 + 25 * i);
    return out;
  }();
  return text;
}

// Times, names (some quoted) and counts, as a job list has them.
const std::string& mixed_csv() {
  static const std::string text = [] {
    std::string out = "start,name,cores,ok\n";
    for (std::size_t i = 0; i < row_count / 4; ++i)
      fmt::format_to(std::back_inserter(out), "2026-{:02}-{:02}T{:02}:{:02}:{:02}Z,{},{},{}\n", i % 12 + 1, i % 28 + 1,
                     i % 24, i % 60, i % 59,
                     i % 5 ? fmt::format("job-{}", i) : fmt::format("\"job {}, \"\"resumed\"\"\"", i), i % 128,
                     i % 7 ? "true" : "false");
    return out;
  }();
  return text;
}

void processed(benchmark::State& state, const std::string& text, std::size_t rows) {
  const auto rounds = static_cast<std::int64_t>(state.iterations());
  state.SetBytesProcessed(rounds * static_cast<std::int64_t>(text.size()));
  state.SetItemsProcessed(rounds * static_cast<std::int64_t>(rows));
}

void scan_newlines(benchmark::State& state, const std::string& text, std::size_t rows) {
  for (auto _ : state) {
    std::size_t lines = 0;
    const char *p = text.data(), *end = p + text.size();
    while ((p = static_cast<const char*>(std::memchr(p, '\n', static_cast<std::size_t>(end - p))))) {
      ++lines;
      ++p;
    }
    benchmark::DoNotOptimize(lines);
  }
  processed(state, text, rows);
}

void newline_scan_numbers(benchmark::State& s) { scan_newlines(s, numbers_csv(), row_count); }
void newline_scan_mixed(benchmark::State& s) { scan_newlines(s, mixed_csv(), row_count / 4); }

void copy_numbers(benchmark::State& state) {
  const std::string& text = numbers_csv();
  std::string to(text.size(), '\0');
  for (auto _ : state) {
    std::memcpy(to.data(), text.data(), text.size());
    benchmark::ClobberMemory();
  }
  processed(state, text, row_count);
}

void read_table(benchmark::State& state, const std::string& text, std::size_t rows) {
  for (auto _ : state) {
    const Table t = read_csv(text);
    if (t.rows() != rows) state.SkipWithError("rows are missing");
    benchmark::DoNotOptimize(t.columns().data());
  }
  processed(state, text, rows);
}
void csv_numbers(benchmark::State& s) { read_table(s, numbers_csv(), row_count); }
void csv_mixed(benchmark::State& s) { read_table(s, mixed_csv(), row_count / 4); }

void csv_rows(benchmark::State& state) {
  const std::string& text = numbers_csv();
  for (auto _ : state) {
    std::size_t bytes = 0;
    for_each_csv_row(text, ',', "bench",
                     [&](std::size_t, const std::vector<std::string_view>& fields) { bytes += fields.back().size(); });
    benchmark::DoNotOptimize(bytes);
  }
  processed(state, text, row_count);
}

void csv_write(benchmark::State& state) {
  const Table t = read_csv(numbers_csv());
  for (auto _ : state) benchmark::DoNotOptimize(to_csv(t).size());
  processed(state, numbers_csv(), row_count);
}

const Series& power_series() {
  static const Series series = [] {
    std::mt19937_64 random(2);
    std::normal_distribution<double> noise(0, 20);
    Series s{"power", "W", {}, {}};
    for (std::size_t i = 0; i < row_count; ++i)
      s.add(Time{static_cast<std::int64_t>(i) * 100'000'000}, 250 + noise(random));
    return s;
  }();
  return series;
}

void series_integrate(benchmark::State& state) {
  const Series& s = power_series();
  for (auto _ : state) benchmark::DoNotOptimize(integrate(s).value);
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * s.size()));
}

// The trapezoid alone: no gaps, no order, no edges looked for.
void loop_sum(benchmark::State& state) {
  const Series& s = power_series();
  for (auto _ : state) {
    double sum = 0;
    for (std::size_t i = 1; i < s.size(); ++i)
      sum += 0.5e-9 * (s.values[i] + s.values[i - 1]) * static_cast<double>(s.times[i].ns - s.times[i - 1].ns);
    benchmark::DoNotOptimize(sum);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * s.size()));
}

BENCHMARK(newline_scan_numbers)->Unit(benchmark::kMillisecond);
BENCHMARK(copy_numbers)->Unit(benchmark::kMillisecond);
BENCHMARK(csv_numbers)->Unit(benchmark::kMillisecond);
BENCHMARK(csv_rows)->Unit(benchmark::kMillisecond);
BENCHMARK(csv_write)->Unit(benchmark::kMillisecond);
BENCHMARK(newline_scan_mixed)->Unit(benchmark::kMillisecond);
BENCHMARK(csv_mixed)->Unit(benchmark::kMillisecond);
BENCHMARK(loop_sum)->Unit(benchmark::kMillisecond);
BENCHMARK(series_integrate)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace wattline

int main(int argc, char** argv) {
  return wattline::bench::run(argc, argv,
                              {{"csv_numbers", "newline_scan_numbers", "a newline scan of the same bytes"},
                               {"csv_numbers", "copy_numbers", "a copy of the same bytes"},
                               {"csv_rows", "newline_scan_numbers", "a newline scan of the same bytes"},
                               {"csv_write", "copy_numbers", "a copy of the same bytes"},
                               {"csv_mixed", "newline_scan_mixed", "a newline scan of the same bytes"},
                               {"series_integrate", "loop_sum", "a plain trapezoid loop over the same arrays"}});
}
