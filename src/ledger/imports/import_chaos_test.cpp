// An import that is killed leaves all of its file in the account or nothing. WATTLINE_CHAOS_KILLS=200 makes the long
// form.
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/testing.h"
#include "ledger/database.h"
#include "ledger/imports/importer.h"
#include "ledger/ledger.h"

namespace wattline::ledger::imports {
namespace {

constexpr int rows = 1500;

std::string csv_of(int round) {
  std::string out = "timestamp,run_id,duration,emissions,energy_consumed,country_iso_code\n";
  for (int i = 0; i < rows; ++i) out += fmt::format("2026-11-24T15:00:00,k{}-{},60,0.1,0.001,FRA\n", round, i);
  return out;
}

std::int64_t import_file(const std::filesystem::path& dir, const catalog::Catalog& catalog, int round) {
  // Odd rounds are staged.
  Reading reading(catalog, {});
  AccountWriter writer(dir, "test", false, round % 2 ? 100 : 20'000);
  TextSource source("emissions.csv", csv_of(round));
  Merge merge(writer);
  const auto found = read_into(source, {}, reading, writer, merge, Context());
  writer.finish();
  return found.fresh;
}

// As a reader sees it right after the kill, and as the next writer leaves it.
std::int64_t size_of(const std::filesystem::path& dir) {
  std::int64_t seen = 0;
  Ledger::open(dir, OpenMode::read)->for_each({}, [&](const Row&) { ++seen; });
  EXPECT_EQ(Ledger::open(dir, OpenMode::write)->size(), seen);
  const Database database(dir / Ledger::file_name, Database::Access::read, std::chrono::seconds(10));
  EXPECT_EQ(database.integer("SELECT count(*) FROM facts"), seen);
  return seen;
}

TEST(ImportChaos, AKilledImportLeavesAllOfItsFileOrNothing) {
  const char* wanted = std::getenv("WATTLINE_CHAOS_KILLS");
  const int kills = wanted ? std::atoi(wanted) : 10;
  const auto catalog = catalog::Catalog::load();
  tests::ScratchDir dir;
  std::mt19937_64 random(20261126);
  std::int64_t before = 0;
  int killed = 0, whole = 0;
  // How long one takes here sets when the kills come.
  const auto begun = std::chrono::steady_clock::now();
  import_file(dir.path(), *catalog, 1'000'001);
  const auto lasts = std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() - begun);
  before = size_of(dir.path());
  ASSERT_EQ(before, rows);
  for (int round = 0; round < kills; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      try {
        import_file(dir.path(), *catalog, round);
      } catch (const std::exception& e) {
        std::fprintf(stderr, "import: %s\n", e.what());
        ::_exit(2);
      }
      ::_exit(0);
    }
    std::this_thread::sleep_for(std::chrono::microseconds(random() % static_cast<std::uint64_t>(1 + lasts.count())));
    ::kill(child, SIGKILL);
    int status = 0;
    ::waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << "the import failed by itself";
    killed += WIFSIGNALED(status);
    const std::int64_t now = size_of(dir.path());
    ASSERT_TRUE(now == before || now == before + rows)
        << "round " << round << ": " << now - before << " rows of " << rows;
    whole += now != before;
    // The same file again makes it whole, and counts nothing twice.
    EXPECT_EQ(import_file(dir.path(), *catalog, round), now == before ? rows : 0);
    before = size_of(dir.path());
    ASSERT_EQ(before, static_cast<std::int64_t>(rows) * (round + 2));
  }
  const auto v = Ledger::open(dir.path(), OpenMode::read)->verify();
  EXPECT_TRUE(v.holds) << v.first_fault;
  RecordProperty("killed", killed);
  RecordProperty("whole", whole);
}

}  // namespace
}  // namespace wattline::ledger::imports
