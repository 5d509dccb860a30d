// The account's door for a hot path: facts go into a journal file with one write() each, and a thread of low
// priority brings them into the account, each once.
//
// A kill of the process loses nothing that record() returned for: the files are taken up by the next journal on
// this account, or by the next program that opens the account (journal_file.h). A power cut may lose what was not
// yet in the account, some tenths of a second unless the machine is at its limit.
//
// While the account takes nothing (full disk, held by another process) facts wait in the files; while the disk
// takes nothing they wait in memory. A backlog beyond the limit makes record() wait for the committing thread
// where that goes on, and beyond twice the limit facts are counted as lost and told in the log.
//
// Thread-safe. Speed: bench/ledger_bench.cpp.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "ledger/journal_file.h"

namespace wattline::ledger {

struct JournalOptions {
  std::uint64_t file_bytes = std::uint64_t{16} << 20;    // then the next file
  std::uint64_t backlog_bytes = std::uint64_t{1} << 30;  // on disk; some 12 million facts
  std::uint64_t memory_bytes = std::uint64_t{64} << 20;  // that wait for a full disk
  std::size_t batch = 1024;                              // most in one transaction: the account is held for some 7 ms
  std::chrono::milliseconds period{200};
  std::chrono::milliseconds patience{20};                // most that record() waits for the backlog
  std::string factor_set;  // version of the catalog in use
  Log log;
};

class Journal : public AccountJournal {
 public:
  // Beside the account at `dir`, into which `commit` brings facts. Error world, denied: the folder takes no files.
  static std::shared_ptr<Journal> open(const std::filesystem::path& dir, Commit commit, JournalOptions = {});
  ~Journal() override;

  Shape shape(const Fact& common) override;
  void record(Shape, const FactNumbers&) override;
  AccountBacklog backlog() const override;
  void close(std::chrono::milliseconds patience) override;

 private:
  struct Part {
    std::unique_ptr<JournalFile> file;
    std::uint64_t written = 0;  // bytes that are whole entries
    std::int64_t facts = 0;
    // Of the committing thread.
    JournalWalk walk;
    std::int64_t committed = 0;
  };
  struct Held {
    Shape shape;
    std::string entry;
  };

  Journal(const std::filesystem::path& dir, Commit commit, JournalOptions options);
  // These with the mutex held.
  bool write(std::string_view entry, Shape shape);
  void begin_file();
  bool flush_memory();
  void lose(std::int64_t facts, std::string why);
  bool has_room(std::unique_lock<std::mutex>&);

  void commit_loop();
  bool commit_some();
  void end_files();
  void log(std::string_view text) const;

  std::filesystem::path dir_;
  Commit commit_;
  JournalOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable wake_, less_;
  std::vector<std::string> shape_entries_;  // by number: how each is written into a file
  std::unordered_map<std::string, Shape> shape_numbers_;
  std::vector<bool> in_file_;               // shapes that the present file holds
  std::deque<Part> parts_;                  // oldest first; the last is being written
  std::deque<Held> memory_;                 // what the disk did not take
  std::uint64_t memory_bytes_ = 0, backlog_bytes_ = 0;
  bool closed_ = false, stalled_ = false, rests_ = false;
  std::chrono::steady_clock::time_point last_{};  // when a closed one gives up
  std::atomic<std::int64_t> waiting_{0}, written_{0}, lost_{0};
  std::int64_t lost_said_ = 0;
  std::chrono::steady_clock::time_point said_at_{};

  JournalBatch batch_;  // of the committing thread
  std::thread committer_;
};

}  // namespace wattline::ledger
