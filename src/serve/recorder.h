// Where finished answers go, before their last byte: into the account's journal (one write() for those that end
// together) and into the list of the last ones; from a thread of its own to those who watch
// (/api/v1/events), who so hear of answers also while the ledger takes none.
//
// What has gone to the journal is in the ledger a little later, once, also if this process is killed in between
// (kernel/account.h). What can be neither kept nor written is counted as lost and said in the log.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>

#include "kernel/account.h"
#include "serve/answers.h"

namespace wattline::serve {

struct RecorderOptions {
  std::size_t answers_kept = 1000;
  std::chrono::milliseconds period{200};  // of telling those who watch
  std::chrono::milliseconds patience{10'000};  // for the ledger, at the end
  std::function<void(std::string_view)> log;
};

class Recorder {
 public:
  // Without a sink nothing is written to a ledger. A sink without a journal gets each answer at once. An Error
  // of the sink, when it cannot open its account, goes to the caller.
  Recorder(std::shared_ptr<AccountSink> sink, RecorderOptions);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Keeps it; its record is safe after the next flush(), which must come before its last byte is sent.
  void record(AnswerPtr);
  // Quick when there is nothing to write.
  void flush() {
    if (journal_) journal_->flush();
  }
  const Answers& answers() const { return answers_; }

  // Gets answers and their JSON as they are recorded, from a thread of the recorder. False: too many watch.
  using Watcher = std::function<void(const Answer&, const std::shared_ptr<const std::string>& json)>;
  bool watch(std::uint64_t id, Watcher);
  void unwatch(std::uint64_t id);

  // Brings what waits into the ledger and ends the threads.
  void close();

  AccountBacklog backlog() const;

 private:
  void keep_account(const Answer&);
  void tell_loop();

  std::shared_ptr<AccountSink> sink_;
  std::shared_ptr<AccountJournal> journal_;
  RecorderOptions options_;
  const std::uint64_t number_;  // of this recorder in the program
  Answers answers_;
  std::atomic<std::int64_t> written_{0}, lost_{0};  // of a sink without a journal
  std::atomic<std::int64_t> said_ns_{0};

  std::mutex watchers_mutex_;
  std::condition_variable wake_teller_;
  std::map<std::uint64_t, Watcher> watchers_;
  std::uint64_t told_ = 0;  // of the answers there have been
  bool closing_ = false;

  std::thread teller_;
};

// The ledger's row of an answer.
Fact make_fact(const Answer&);

}  // namespace wattline::serve
