// What the room that keeps accounts (`ledger`) offers to rooms that observe: facts in, durably.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/time.h"

namespace wattline {

struct Fact {
  std::string kind;  // "run", "answer", "training"
  Time begin, end;
  Estimate<Energy> energy;  // at the device
  std::int64_t tokens_in = 0, tokens_out = 0;
  std::string model, device, place;  // catalog names, "" when unknown
  std::vector<std::pair<std::string, std::string>> labels;
  std::string uid;  // set by the writer when empty; the same uid twice is one fact
};

// What one fact has of its own among many of a shape.
struct FactNumbers {
  std::string_view uid;
  Time begin, end;
  Energy energy, sd;  // the standard uncertainty is of the shape's one factor where it has one, else independent
  std::int64_t tokens_in = 0, tokens_out = 0;
};

// How far a journal's facts have come.
struct AccountBacklog {
  std::int64_t waiting = 0;  // recorded, not yet in the account
  std::int64_t written = 0;  // in the account
  std::int64_t lost = 0;  // could be neither kept nor written
};

// The door for writers on a hot path: many facts are staged in memory and flushed together in about a microsecond.
// A fact is safe from a kill of this process when flush() returns; the account has it a little later, once.
class AccountJournal {
 public:
  using Shape = std::uint32_t;
  virtual ~AccountJournal() = default;
  // What facts have in common: kind, model, device, place, labels, and of the energy its method, its sources and
  // the one factor, if any, that its error is attributed to. bad_input as AccountSink::record has it.
  virtual Shape shape(const Fact& common) = 0;
  virtual void stage(Shape, const FactNumbers&) = 0;
  // All that any thread has staged. Quick when that is nothing.
  virtual void flush() = 0;
  void record(Shape shape, const FactNumbers& numbers) {
    stage(shape, numbers);
    flush();
  }
  virtual AccountBacklog backlog() const = 0;
  // Takes no more, and brings what waits into the account, for at most so long. What still waits then is taken
  // up by whoever opens the account next.
  virtual void close(std::chrono::milliseconds patience) = 0;
};

class AccountSink {
 public:
  virtual ~AccountSink() = default;
  // Appends the fact durably and returns its uid.
  virtual std::string record(const Fact&) = 0;
  // The same for many, in one transaction: for writers on a hot path that gather facts.
  virtual void record_all(std::span<const Fact>) = 0;
  // nullptr where the sink has none. `log` may be called from another thread.
  virtual std::shared_ptr<AccountJournal> open_journal(std::function<void(std::string_view)> log) {
    (void)log;
    return nullptr;
  }
};

}  // namespace wattline
