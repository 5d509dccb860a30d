// Where finished answers go, off the request path: at once into the list of the last ones, and from a
// thread of its own, in batches, into the ledger and to those who watch (/api/v1/events).
//
// A ledger that cannot take facts is tried again and again while the queue has room; what does not
// fit is counted as lost and said once. In a burst of more than `rows_each` answers of one model in
// one batch the rest is written as one row, with their sum and the label "answers".
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

#include "kernel/account.h"
#include "serve/answers.h"

namespace wattline::serve {

struct RecorderOptions {
  std::size_t answers_kept = 1000;
  std::size_t queue = 200'000;   // answers that wait for the ledger
  std::size_t rows_each = 256;   // of one model in one batch
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

  // Gets the JSON of answers as they are recorded, from the recorder's thread. False: too many watch.
  using Watcher = std::function<void(const std::shared_ptr<const std::string>& json)>;
  bool watch(std::uint64_t id, Watcher);
  void unwatch(std::uint64_t id);

  // Writes what waits and ends the thread.
  void close();

  std::int64_t waiting() const { return waiting_.load(); }
  std::int64_t written() const { return written_.load(); }
  std::int64_t lost() const { return lost_.load(); }

 private:
  void run();
  void write(std::vector<AnswerPtr>& batch, bool last);
  void tell(const std::vector<AnswerPtr>& batch);

  std::shared_ptr<AccountSink> sink_;
  RecorderOptions options_;
  Answers answers_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<AnswerPtr> queue_;
  bool closing_ = false;
  std::mutex watchers_mutex_;
  std::map<std::uint64_t, Watcher> watchers_;
  std::atomic<std::int64_t> waiting_{0}, written_{0}, lost_{0};
  bool told_ = false;
  std::thread thread_;
};

// Ledger rows of answers: each its own up to `rows_each` of one model and outcome, the rest summed.
std::vector<Fact> facts_of(const std::vector<AnswerPtr>&, std::size_t rows_each);

}  // namespace wattline::serve
