// A busy gateway's month in one account: how fast rows go in, how fast the month's report comes out, and in how much
// memory. Written beside it: the same rows as CSV, for others to sum (run.sh).
//
//   ledger_month FOLDER ROWS [CSV]
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "catalog/catalog.h"
#include "kernel/context.h"
#include "kernel/error.h"
#include "ledger/ledger.h"
#include "ledger/report.h"

namespace {

using namespace wattline;

constexpr std::size_t batch = 5000;  // what a gateway gathers in 200 ms at 25,000 answers a second
constexpr std::int64_t month_begin = 1'761'955'200'000'000'000, month_ns = 30LL * 86'400 * 1'000'000'000;

double seconds_since(std::chrono::steady_clock::time_point t) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - t).count();
}

long peak_mb() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  return use.ru_maxrss / 1024;
}

// Four models at three places for twenty tenants: 240 kinds of row.
void fill(std::vector<Fact>& facts, std::int64_t made, std::int64_t rows) {
  static const char* const models[] = {"llama-3.1-8b", "llama-3.1-70b", "qwen2.5-7b", "mistral-7b"};
  static const char* const places[] = {"FR", "DE", "SE"};
  for (Fact& f : facts) {
    const std::int64_t kind = made * 7919 % 240;
    f.kind = "answer";
    f.begin.ns = month_begin + static_cast<std::int64_t>(static_cast<double>(month_ns) * static_cast<double>(made) /
                                                         static_cast<double>(rows));
    f.end.ns = f.begin.ns + 700'000 + made % 97 * 1000;
    f.energy = Estimate<Energy>::with_sd(Energy(11.25 + static_cast<double>(made % 1009) * 1e-3), Energy(2.5),
                                         Method::modelled, "roofline on NVIDIA H100 SXM, 16-bit weights, batch 1")
                   .from_factor("physics.gpu.power_residual");
    f.tokens_in = 23 + made % 11;
    f.tokens_out = 28 + made % 13;
    f.model = models[kind % 4];
    f.device = "NVIDIA H100 SXM";
    f.place = places[kind / 4 % 3];
    f.labels = {{"tenant", fmt::format("tenant-{}", kind / 12)}, {"upstream", "bench"}, {"status", "ok"}};
    f.uid = fmt::format("wl-{:016x}", 0x5bd1e9955bd1e995 + made);
    ++made;
  }
}

int run(const std::filesystem::path& folder, std::int64_t rows, const char* csv) {
  std::ofstream out;
  if (csv) {
    out.open(csv);
    out << "end,model,place,tenant,energy_J,tokens_out\n";
  }
  double spent = 0;
  {
    const auto account = ledger::Ledger::open(folder, ledger::OpenMode::write, {.factor_set = "2026-11-25-ebb4bc"});
    for (std::int64_t made = 0; made < rows;) {
      std::vector<Fact> facts(std::min<std::size_t>(batch, static_cast<std::size_t>(rows - made)));
      fill(facts, made, rows);
      const auto begin = std::chrono::steady_clock::now();
      account->record_all(facts);
      spent += seconds_since(begin);
      made += static_cast<std::int64_t>(facts.size());
      if (!csv) continue;
      std::string text;
      for (const Fact& f : facts)
        fmt::format_to(std::back_inserter(text), "{},{},{},{},{},{}\n", f.end.ns, f.model, f.place, f.labels[0].second,
                       f.energy.value().base(), f.tokens_out);
      out << text;
    }
  }
  std::error_code ignored;
  fmt::print("append   {} rows in batches of {}: {:.0f} rows/s, {:.2f} GB, peak {} MB\n", rows, batch,
             static_cast<double>(rows) / spent,
             static_cast<double>(std::filesystem::file_size(folder / ledger::Ledger::file_name, ignored)) * 1e-9,
             peak_mb());

  Context context;
  context.provide(catalog::Catalog::load());
  context.provide(std::make_shared<ledger::Location>(ledger::Location{folder.string()}));
  ledger::ReportOptions options;
  options.by = {"model", "tenant"};
  const auto begin = std::chrono::steady_clock::now();
  const Result month = ledger::report(options, context);
  const double whole = seconds_since(begin);
  options.rows.since = "2025-11-10T10:20:00Z";
  options.rows.until = "2025-11-17T10:40:00Z";
  const auto again = std::chrono::steady_clock::now();
  const Result week = ledger::report(options, context);
  fmt::print("report   month {:.3f} s, a week that begins and ends between hours {:.3f} s, peak {} MB\n", whole,
             seconds_since(again), peak_mb());
  fmt::print("         {}\n         {}\n", month.title, week.title);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: ledger_month FOLDER ROWS [CSV]\n", stderr);
    return 2;
  }
  try {
    return run(argv[1], std::atoll(argv[2]), argc > 3 ? argv[3] : nullptr);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ledger_month: %s\n", e.what());
    return 3;
  }
}
