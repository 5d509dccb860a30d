// What was used: by a tenant in the hour, day and month that are now and in all, by each of its keys and
// by model in this month. Not thread-safe.
//
// Intervals are summed as if all errors went together, which holds for the answers of one model and is the
// widest that it can be for several.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "kernel/estimate.h"
#include "kernel/json.h"
#include "kernel/time.h"
#include "serve/answer.h"
#include "serve/budget.h"

namespace wattline::serve {

// Of one or more answers.
struct Usage {
  std::int64_t answers = 0, failed = 0;
  std::int64_t tokens_in = 0, tokens_out = 0;
  Impact energy, carbon, water, money;  // J, gCO2e, L, USD
  Method method = Method::measured;  // the worst of them
  void add(const Usage&);
  double amount(Resource) const;
};

// The figures as members of a JSON object that is open.
void write_json(JsonWriter&, const Usage&);

class UsageBook {
 public:
  void add(const Usage&, std::string_view key, std::string_view model, Time now);
  // Of earlier, where the ledger tells of it.
  void add_past(const Usage&, std::string_view key, std::string_view model, Time at, Time now);
  // The ledger was read from here on: what "total" means. Nothing: from the start of this program.
  void set_since(Time since) { since_ = since; }

  const Usage& of(Window, Time now);
  // {"hour":{"since":..,"until":..,"answers":..},..,"keys":{..},"models":{..}}
  void write_json(JsonWriter&, Time now);

 private:
  struct Sum {
    WindowSpan span{};
    Usage used;
  };
  void roll(Time now);
  void count(const Usage&, std::string_view key, std::string_view model);

  std::array<Sum, 4> sums_;  // by Window
  std::map<std::string, Usage, std::less<>> keys_, models_;  // of the month
  Time since_ = Time::now();
};

}  // namespace wattline::serve
