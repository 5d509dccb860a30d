// What the room that keeps accounts (`ledger`) offers to rooms that observe: facts in, durably.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/time.h"

namespace wattline {

struct Fact {
  std::string kind;  // "run", "answer", "training"
  Time begin, end;
  Estimate<Energy> energy;               // at the device
  std::int64_t tokens_in = 0, tokens_out = 0;
  std::string model, device, place;      // catalog names, "" when unknown
  std::vector<std::pair<std::string, std::string>> labels;
  std::string uid;  // set by the writer when empty; the same uid twice is one fact
};
class AccountSink {
 public:
  virtual ~AccountSink() = default;
  // Appends the fact durably and returns its uid.
  virtual std::string record(const Fact&) = 0;
  // The same for many, in one transaction: for writers on a hot path that gather facts.
  virtual void record_all(std::span<const Fact>) = 0;
};

}  // namespace wattline
