#include "ledger/seal.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>
#include <sys/stat.h>

#include "kernel/error.h"
#include "ledger/rollup.h"
#include "ledger/row_store.h"

namespace wattline::ledger {
namespace {

// How far the chain's beginning can go.
std::int64_t end_of_prefix(const Database& database, std::string_view writer, std::int64_t first, Time before) {
  // The first that must stay ends it.
  Statement young(database, "SELECT min(seq) FROM facts WHERE writer = ? AND end_ns >= ?");
  young.bind(writer).bind(before.ns);
  const auto head = [&] {
    Statement s(database, "SELECT last_seq FROM writers WHERE writer = ?");
    s.bind(writer);
    return s.step() ? s.integer(0) : 0;
  };
  std::int64_t last = young.step() && young.integer(0) > 0 ? young.integer(0) - 1 : head();
  if (last < first) return first - 1;
  // A row that corrects one that stays keeps that one out of sums: it stays too.
  Statement corrects(database,
                     "SELECT min(c.seq) FROM facts c JOIN facts old ON old.uid = c.corrects WHERE c.writer = ?"
                     " AND c.corrects <> '' AND c.seq <= ? AND NOT (old.writer = c.writer AND old.seq <= ?)");
  corrects.bind(writer).bind(last).bind(last);
  if (corrects.step() && corrects.integer(0) > 0) last = corrects.integer(0) - 1;
  return last;
}

Segment seal_writer(const Database& database, const std::filesystem::path& dir, const std::string& writer,
                    std::int64_t first, std::int64_t last, const std::function<void(double)>& on_progress) {
  Segment out;
  out.writer = writer;
  out.first_seq = first;
  out.last_seq = last;
  out.file = fmt::format("{}-{:012}-{:012}.rows.gz", writer, first, last);
  out.sealed = Time::now();
  // Who may read the account may read what of it was sealed.
  struct stat account {};
  const unsigned mode = ::stat(database.file().c_str(), &account) == 0 ? account.st_mode & 0666u : 0600u;
  SegmentWriter file(segments_dir(dir) / out.file, mode);
  RowReader reader(database.file().string());
  Statement rows(database, RowReader::select("WHERE writer = ? AND seq >= ? AND seq <= ? ORDER BY seq"));
  rows.bind(writer).bind(first).bind(last);
  std::int64_t seen = 0;
  while (rows.step()) {
    const Row row = reader.read(rows);
    const std::string text = canonical(row);
    // What is wrong must be seen before it is out of sight.
    if (row.seq != first + seen || hash_of(text) != row.hash || (seen > 0 && row.prev_hash != out.last_hash))
      throw world_error(fmt::format("row {} of writer {} is not as it was written", row.seq, writer),
                        database.file().string(), "`wattline ledger verify` says more; nothing was sealed");
    if (seen == 0) {
      out.first_prev = row.prev_hash;
      out.first_end = out.last_end = row.fact.end;
    }
    out.last_hash = row.hash;
    out.first_end = std::min(out.first_end, row.fact.end);
    out.last_end = std::max(out.last_end, row.fact.end);
    file.add(text);
    if (++seen % 4096 == 0 && on_progress)
      on_progress(static_cast<double>(seen) / static_cast<double>(last - first + 1));
  }
  if (seen != last - first + 1)
    throw world_error(fmt::format("rows of writer {} are missing", writer), database.file().string(),
                      "`wattline ledger verify` says which; nothing was sealed");
  out.digest = file.close();
  return out;
}

std::vector<std::string> writers_of(const Database& database) {
  std::vector<std::string> out;
  Statement s(database, "SELECT writer FROM writers WHERE last_seq > 0 ORDER BY created");
  while (s.step()) out.emplace_back(s.text(0));
  return out;
}

// The number of the first row that is not sealed.
std::int64_t first_unsealed(const Database& database, std::string_view writer) {
  Statement sealed(database, "SELECT ifnull(max(last_seq), 0) FROM segments WHERE writer = ?");
  sealed.bind(writer);
  return (sealed.step() ? sealed.integer(0) : 0) + 1;
}

// In one transaction: the next rows of the chain that can go, at most so many.
std::optional<Segment> seal_next(const Database& database, const std::filesystem::path& account_dir,
                                 const std::string& writer, Time before, std::int64_t most_rows,
                                 const std::function<void(double)>& on_progress) {
  Transaction transaction(database);
  const std::int64_t first = first_unsealed(database, writer);
  const std::int64_t last = std::min(end_of_prefix(database, writer, first, before), first + most_rows - 1);
  if (last < first) return std::nullopt;
  Segment s = seal_writer(database, account_dir, writer, first, last, on_progress);
  using View = std::string_view;
  Statement(database, "INSERT INTO segments VALUES (?,?,?,?,?,?,?,?,?,?)")
      .run(View(writer), first, last, View(s.first_prev), View(s.last_hash), s.first_end.ns, s.last_end.ns,
           View(s.file), View(s.digest), s.sealed.ns);
  RollupWriter(database, "sealed_sums").add_rows(writer, last);
  Statement(database, "INSERT INTO sealed_rows SELECT uid, end_ns FROM facts WHERE writer = ? AND seq <= ?")
      .run(View(writer), last);
  // Rows of the account are never deleted, but for these, which are safe elsewhere by now.
  database.run("DROP TRIGGER facts_remain");
  Statement(database, "DELETE FROM facts WHERE writer = ? AND seq <= ?").run(View(writer), last);
  database.run(rows_remain_trigger);
  transaction.commit();
  return s;
}

}  // namespace

std::vector<Segment> seal_rows(const Database& database, const std::filesystem::path& account_dir, Time before,
                               const std::function<void(double)>& on_progress, std::int64_t most_rows) {
  std::vector<Segment> out;
  for (const auto& writer : writers_of(database))
    while (auto sealed = seal_next(database, account_dir, writer, before, most_rows, on_progress))
      out.push_back(std::move(*sealed));
  return out;
}

std::vector<SealStop> seal_stops(const Database& database, Time before) {
  std::vector<SealStop> out;
  for (const auto& writer : writers_of(database)) {
    const std::int64_t stays = end_of_prefix(database, writer, first_unsealed(database, writer), before) + 1;
    Statement held(database, "SELECT count(*) FROM facts WHERE writer = ? AND seq >= ? AND end_ns < ?");
    held.bind(writer).bind(stays).bind(before.ns);
    const std::int64_t rows = held.step() ? held.integer(0) : 0;
    if (rows == 0) continue;
    Statement row(database, RowReader::select("WHERE writer = ? AND seq = ?"));
    row.bind(writer).bind(stays);
    if (row.step()) out.push_back({RowReader(database.file().string()).read(row), rows});
  }
  return out;
}

}  // namespace wattline::ledger
