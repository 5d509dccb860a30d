// The account's door for a hot path: facts go into a journal file, those of many answers with one write(), and a
// thread that takes only what the machine has left brings them into the account, each once.
//
// A kill of the process loses nothing that was flushed: the files are taken up by the next journal on this
// account, or by the next program that opens the account (journal_file.h). A power cut may lose what was not yet
// in the account, some tenths of a second unless the machine is at its limit.
//
// While the account takes nothing (full disk, held by another process) facts wait in the files; while the disk
// takes nothing they wait in memory. A backlog beyond the limit makes stage() wait for the committing thread
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
  std::uint64_t file_bytes = std::uint64_t{16} << 20;  // then the next file
  std::uint64_t backlog_bytes = std::uint64_t{1} << 30;  // on disk; some 12 million facts
  std::uint64_t memory_bytes = std::uint64_t{64} << 20;  // that wait for a full disk
  std::size_t batch = 512;  // most in one transaction: the account is held for some 4 ms
  std::chrono::milliseconds period{200};
  std::chrono::milliseconds patience{20};  // most that stage() waits for the backlog
  std::string factor_set;  // version of the catalog in use
  Log log;
};

class Journal : public AccountJournal {
 public:
  // Beside the account at `dir`, into which `commit` brings facts. Error world, denied: the folder takes no files.
  static std::shared_ptr<Journal> open(const std::filesystem::path& dir, Commit commit, JournalOptions = {});
  ~Journal() override;

  Shape shape(const Fact& common) override;
  void stage(Shape, const FactNumbers&) override;
  void flush() override;
  AccountBacklog backlog() const override;
  void close(std::chrono::milliseconds patience) override;

 private:
  struct Part {
    std::unique_ptr<JournalFile> file;
    std::atomic<std::uint64_t> written{0};  // bytes that are whole entries
    std::int64_t facts = 0;
    // Of the committing thread.
    JournalWalk walk;
    std::int64_t committed = 0;
    bool has_more() const { return walk.at() < written.load(std::memory_order_acquire); }
  };

  Journal(const std::filesystem::path& dir, Commit commit, JournalOptions options);
  // These with the mutex held.
  void begin_file();
  bool flush_staged();
  void lose(std::int64_t facts, const std::string& why);
  bool has_room(std::unique_lock<std::mutex>&);

  void commit_loop();
  bool commit_some(Part&, bool sealed);
  void end_files();
  void log(std::string_view text) const;

  std::filesystem::path dir_;
  Commit commit_;
  JournalOptions options_;

  mutable std::mutex mutex_;
  std::condition_variable wake_, less_;
  std::vector<std::string> shape_entries_;  // by number: how each is written into a file
  std::unordered_map<std::string, Shape> shape_numbers_;
  std::vector<bool> in_file_;  // shapes that the present file holds, or that are staged for it
  std::deque<std::unique_ptr<Part>> parts_;  // oldest first; the last is being written
  std::string staged_;  // entries for the present file
  std::int64_t staged_facts_ = 0;
  bool closed_ = false, disk_refuses_ = false, rests_ = false;
  std::chrono::steady_clock::time_point last_{};  // when a closed one gives up
  std::int64_t lost_said_ = 0;
  std::chrono::steady_clock::time_point said_at_{}, try_again_{};

  // Without the mutex: the committing thread may be put aside by the machine at any moment, and must not hold up
  // those who answer.
  std::atomic<bool> is_staged_{false}, stalled_{false};
  std::atomic<std::int64_t> backlog_bytes_{0};
  std::atomic<std::int64_t> waiting_{0}, written_{0}, lost_{0};

  JournalBatch batch_;  // of the committing thread
  std::thread committer_;
};

}  // namespace wattline::ledger
