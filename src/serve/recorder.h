// Where finished answers go, off the request path: at once into the list of the last ones; from a thread
// of its own, in batches, into the ledger, one fact an answer; from another to those who watch
// (/api/v1/events), who so hear of answers also while the ledger takes none.
//
// A ledger that cannot take facts (full disk, held by another process) is tried again and again while
// answers wait, up to `queue` of them; what does not fit, and what it refuses for good, is counted as
// lost and said in the log. The same uid twice is one fact, so trying again counts nothing twice.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include "kernel/account.h"
#include "serve/answers.h"

namespace wattline::serve {

struct RecorderOptions {
  std::size_t answers_kept = 1000;
  std::size_t queue = 200'000;  // answers that wait for the ledger in all; at some 500 bytes each, 100 MB
  std::size_t batch = 8192;     // most in one transaction
  std::chrono::milliseconds period{200};
  std::function<void(std::string_view)> log;
};

class Recorder {
 public:
  // Without a sink nothing is written to a ledger.
  Recorder(std::shared_ptr<AccountSink> sink, RecorderOptions);
  ~Recorder();
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  void record(AnswerPtr);
  const Answers& answers() const { return answers_; }

  // Gets the JSON of answers as they are recorded, from a thread of the recorder. False: too many watch.
  using Watcher = std::function<void(const std::shared_ptr<const std::string>& json)>;
  bool watch(std::uint64_t id, Watcher);
  void unwatch(std::uint64_t id);

  // Writes what waits and ends the threads.
  void close();

  std::int64_t waiting() const { return waiting_.load(); }
  std::int64_t written() const { return written_.load(); }
  std::int64_t lost() const { return lost_.load(); }

 private:
  void write_loop();
  void tell_loop();
  bool write_some(std::vector<AnswerPtr>& taken, std::size_t& at);
  void put(std::span<const Fact>, std::size_t& done);
  void log_losses(bool at_once);
  void log(std::string_view text) const;

  std::shared_ptr<AccountSink> sink_;
  RecorderOptions options_;
  Answers answers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<AnswerPtr> queue_;
  bool closing_ = false, ended_ = false, writer_rests_ = false;
  std::atomic<std::int64_t> waiting_{0}, written_{0}, lost_{0};  // waiting: in the queue or being written

  std::mutex watchers_mutex_;
  std::condition_variable wake_teller_;
  std::map<std::uint64_t, Watcher> watchers_;
  std::uint64_t told_ = 0;  // of the answers there have been
  bool teller_closing_ = false;

  // Of the writing thread.
  class Facts;
  std::unique_ptr<Facts> facts_;
  bool refused_ = false;
  std::int64_t lost_said_ = 0;
  std::chrono::steady_clock::time_point said_at_{};
  std::string why_lost_;

  std::thread writer_, teller_;
};

// The ledger's row of an answer. `reused`: a fact made before of the same basis, requester, status and kind of
// tokens.
void make_fact(Fact& out, const Answer&, bool reused);

}  // namespace wattline::serve
