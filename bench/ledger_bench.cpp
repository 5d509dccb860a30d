// The account's write path: a batch of answers in one transaction, beside plain SQLite inserts of the
// same bytes, once into a table without indexes and once into the account's own tables.
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "ledger/database.h"
#include "ledger/ledger.h"
#include "ledger/schema.h"
#include "ratios.h"

namespace wattline {
namespace {

namespace fs = std::filesystem;
constexpr std::size_t batch = 5000;  // what a gateway gathers in 200 ms at 25,000 answers a second

class Folder {
 public:
  Folder() {
    std::string pattern = (fs::temp_directory_path() / "wattline-bench-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// As the gateway's: modelled energy, three sources, three labels.
std::vector<Fact> answers(std::int64_t& made) {
  std::vector<Fact> out(batch);
  for (Fact& f : out) {
    f.kind = "answer";
    f.begin.ns = 1'764'000'000'000'000'000 + made * 40'000;
    f.end.ns = f.begin.ns + 700'000 + made % 97 * 1000;
    f.energy = Estimate<Energy>::with_sd(Energy(11.25 + static_cast<double>(made % 1009) * 1e-3),
                                         Energy(2.5 + static_cast<double>(made % 1013) * 1e-4), Method::modelled,
                                         "roofline of llama-3.1-8b on NVIDIA H100 SXM, 16-bit weights, batch 1");
    f.energy.raw().add_source("NVIDIA H100 Tensor Core GPU datasheet");
    f.energy.raw().add_source("Llama 3 model card");
    f.tokens_in = 23;
    f.tokens_out = 28;
    f.model = "llama-3.1-8b";
    f.device = "NVIDIA H100 SXM";
    f.place = "FR";
    f.uid = fmt::format("wl-{:016x}", 0x5bd1e9955bd1e995 + made);
    f.labels = {{"served_as", "llama-3.1-8b"}, {"upstream", "bench"}, {"status", "ok"}};
    ++made;
  }
  return out;
}

void rows(benchmark::State& state) { state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * batch)); }

void record_all(benchmark::State& state) {
  Folder folder;
  const auto ledger = ledger::Ledger::open(folder.path(), ledger::OpenMode::write, {.factor_set = "2026-11-25-ebb4bc"});
  std::int64_t made = 0;
  for (auto _ : state) {
    state.PauseTiming();
    const auto facts = answers(made);
    state.ResumeTiming();
    ledger->record_all(facts);
  }
  rows(state);
}

// The rows that record_all writes, read back once and then inserted as they are.
void insert_plainly(benchmark::State& state, bool indexed) {
  Folder folder;
  std::int64_t made = 0;
  const auto source =
      ledger::Ledger::open(folder.path() / "source", ledger::OpenMode::write, {.factor_set = "2026-11-25-ebb4bc"});
  source->record_all(answers(made));
  std::vector<ledger::Row> all;
  source->for_each({}, [&](const ledger::Row& row) { all.push_back(row); });

  const ledger::Database database(folder.path() / "plain.sqlite", ledger::Database::Access::create,
                                  std::chrono::seconds(10));
  database.run("PRAGMA page_size = 8192");
  database.text("PRAGMA journal_mode = WAL");
  database.run("PRAGMA synchronous = FULL");
  database.run("PRAGMA cache_size = -32768");
  database.run("PRAGMA wal_autocheckpoint = 2048");
  if (indexed) ledger::migrate(database);
  else
    database.run(
        "CREATE TABLE facts (writer, seq, prev_hash, hash, uid, recorded, corrects, factor_set, kind, begin_ns, end_ns,"
        " energy, energy_sd, by_factor, method, signed, sources, tokens_in, tokens_out, model, device, place, labels)");
  ledger::Statement insert(database, "INSERT INTO facts VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  const std::string sources =
      "[\"Llama 3 model card\",\"NVIDIA H100 Tensor Core GPU datasheet\",\"roofline of llama-3.1-8b on NVIDIA "
      "H100 SXM, 16-bit weights, batch 1\"]";
  const std::string labels = "[[\"served_as\",\"llama-3.1-8b\"],[\"upstream\",\"bench\"],[\"status\",\"ok\"]]";
  std::int64_t seq = 0;
  for (auto _ : state) {
    state.PauseTiming();
    for (auto& row : all) {
      row.seq = ++seq;
      row.fact.uid = fmt::format("wl-{:016x}", 0x5bd1e9955bd1e995 + seq);
      row.fact.end.ns += static_cast<std::int64_t>(batch) * 40'000;
    }
    state.ResumeTiming();
    ledger::Transaction transaction(database);
    using View = std::string_view;
    for (const auto& row : all) {
      const Fact& f = row.fact;
      insert.run(View(row.writer), row.seq, View(row.prev_hash), View(row.hash), View(f.uid), row.recorded.ns,
                 View(row.corrects), View(row.factor_set), View(f.kind), f.begin.ns, f.end.ns, f.energy.raw().value(),
                 f.energy.raw().independent_sd(), View("{}"), View("modelled"), std::int64_t{0}, View(sources),
                 f.tokens_in, f.tokens_out, View(f.model), View(f.device), View(f.place), View(labels));
    }
    transaction.commit();
  }
  rows(state);
}

void plain_table(benchmark::State& state) { insert_plainly(state, false); }
void own_tables(benchmark::State& state) { insert_plainly(state, true); }

BENCHMARK(plain_table)->Unit(benchmark::kMillisecond);
BENCHMARK(own_tables)->Unit(benchmark::kMillisecond);
BENCHMARK(record_all)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace wattline

int main(int argc, char** argv) {
  return wattline::bench::run(
      argc, argv,
      {{"record_all", "plain_table", "plain SQLite inserts of the same bytes, no index"},
       {"record_all", "own_tables", "SQLite inserts of the same bytes into the account's tables"}});
}
