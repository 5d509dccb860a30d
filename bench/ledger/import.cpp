// How fast files come into the account, each step by itself over the same file:
//
//   scan     the CSV reader alone: every cell found, none looked at          (kernel/csv_scan.h)
//   columns  every cell read into a typed column                            (read_csv)
//   read     `ledger import --dry-run`: encoding, rows, facts, digests
//   ingest   `ledger import`: the same, with the hash chain, the sums by the hour and SQLite
//   again    the same file a second time
//
//   ledger_import make KIND MEGABYTES FILE
//   ledger_import time FILE FOLDER [read|all]        FOLDER: for accounts, made and removed
#include "ledger/imports/import.h"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <sys/resource.h>

#include "catalog/catalog.h"
#include "import_files.h"
#include "kernel/context.h"
#include "kernel/csv_scan.h"
#include "kernel/table.h"
#include "ledger/ledger.h"

namespace {

using namespace wattline;
namespace fs = std::filesystem;

// Of this process, all its threads.
double processor_seconds() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  const auto s = [](timeval t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) * 1e-6; };
  return s(use.ru_utime) + s(use.ru_stime);
}

long peak_mb() {
  rusage use{};
  ::getrusage(RUSAGE_SELF, &use);
  return use.ru_maxrss / 1024;
}

class Step {
 public:
  explicit Step(const char* name) : name_(name) {}
  void told(std::uintmax_t bytes, std::int64_t rows) const {
    const double wall = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count();
    const double processor = processor_seconds() - processor_;
    const double mb = static_cast<double>(bytes) * 1e-6;
    fmt::print("  {:8} {:9.1f} MB/s {:12.0f} rows/s   {:8.2f} s, {:.2f} s of processor, peak {} MB\n", name_, mb / wall,
               static_cast<double>(rows) / wall, wall, processor, peak_mb());
    std::fflush(stdout);
  }

 private:
  const char* name_;
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double processor_ = processor_seconds();
};

void make(const bench::ImportFile& file, std::int64_t megabytes, const std::string& path) {
  std::ofstream out(path, std::ios::binary);
  std::string text = file.header;
  std::int64_t written = 0, i = 0;
  while (written + static_cast<std::int64_t>(text.size()) < megabytes * 1'000'000) {
    file.line(text, i++);
    if (text.size() < 1 << 20) continue;
    out << text;
    written += static_cast<std::int64_t>(text.size());
    text.clear();
  }
  out << text;
  if (!out.flush()) throw std::runtime_error("cannot write " + path);
}

std::string content_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream out;
  out << in.rdbuf();
  return std::move(out).str();
}

void time_csv(const std::string& path, std::uintmax_t bytes) {
  const std::string text = content_of(path);
  std::int64_t rows = 0, cells = 0;
  {
    const Step step("scan");
    csv::Scanner scanner(csv::checked_text(text, path), ',', path);
    for (std::vector<std::string_view> fields; scanner.next(fields); ++rows)
      cells += static_cast<std::int64_t>(fields.size());
    step.told(bytes, rows);
  }
  const Step step("columns");
  const Table table = read_csv(text, path);
  step.told(bytes, static_cast<std::int64_t>(table.rows()));
  if (cells == 0 || table.rows() == 0) throw std::runtime_error("nothing was read");
}

void time_import(const char* name, const std::string& path, const fs::path& account, bool dry_run,
                 std::uintmax_t bytes) {
  Context context;
  context.provide(catalog::Catalog::load());
  context.provide(std::make_shared<ledger::Location>(ledger::Location{account.string()}));
  ledger::imports::ImportOptions o;
  o.file = InputFile::from_path(path);
  o.dry_run = dry_run;
  o.tokens.device = "NVIDIA H100 SXM";
  o.place = "FR";
  const Step step(name);
  const Result result = import(o, context);
  std::int64_t rows = 0;
  for (const char* p = result.title.c_str(); *p; ++p)
    if ((p == result.title.c_str() || p[-1] == ' ') && *p >= '0' && *p <= '9') rows += std::atoll(p);
  step.told(bytes, rows);
}

void time(const std::string& path, const fs::path& folder, std::string_view how) {
  const auto bytes = fs::file_size(path);
  fmt::print("{} ({:.0f} MB)\n", fs::path(path).filename().string(), static_cast<double>(bytes) * 1e-6);
  const fs::path account = folder / "account";
  fs::remove_all(account);
  if (how == "scan") return time_csv(path, bytes);
  time_import("read", path, account, true, bytes);
  if (how == "read") return;
  time_import("ingest", path, account, false, bytes);
  time_import("again", path, account, false, bytes);
  fs::remove_all(account);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const std::string_view what = argc > 1 ? argv[1] : "";
    if (what == "make" && argc == 5) make(bench::import_file(argv[2]), std::atoll(argv[3]), argv[4]);
    else if (what == "time" && argc >= 4) time(argv[2], argv[3], argc > 4 ? argv[4] : "all");
    else {
      std::fputs("usage: ledger_import make KIND MEGABYTES FILE | time FILE FOLDER [scan|read|all]\n", stderr);
      return 2;
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ledger_import: %s\n", e.what());
    return 3;
  }
  return 0;
}
