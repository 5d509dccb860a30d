// Sums of rows by the hour of their end and by all that a report can tell rows apart by, kept beside the rows so
// that a report of millions of them takes no longer than one of thousands.
//
// They are derived: whoever writes rows adds to them in the same transaction, `verify` compares them with the rows,
// and what they say up to which row of each chain stands in `rollup_state`. Rows after it (of an account that an
// older program went on with) are read one by one until the next that opens it for writing has caught up.
// Superseded rows and retractions are in no sum: correcting a row makes the sums of its hour anew.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "ledger/database.h"
#include "ledger/energy_sum.h"
#include "ledger/row.h"
#include "ledger/row_text.h"

namespace wattline::ledger {

// Rows that are alike but for their times, uids and numbers.
struct Subtotal {
  Row like;  // one of them: kind, model, device, place, labels, method, sources, writer, factor set; the last end
  Time first_begin, last_end;
  std::int64_t rows = 0, tokens_in = 0, tokens_out = 0;
  EnergySum energy;
  bool with_tokens = false;  // all of them have tokens out, or none has
};
Subtotal subtotal_of(const Row&);

// The hour that holds the moment, as hours since 1970.
std::int64_t hour_of(Time);

// Adds rows to the sums. Inside a transaction of the caller: begin(), rows, end().
class RollupWriter {
 public:
  explicit RollupWriter(const Database&, const char* table = "rollups");

  // Whether the sums of this writer's chain reach to row `seq`, its end: else rows are not added now.
  void begin(std::string_view writer, std::int64_t seq);
  void add(const Fact&, const FactTexts&, std::string_view factor_set);
  // The chain's end is now row `seq`.
  void end(std::int64_t seq);
  // Between transactions of one begin() and end(): so many sums that storing them would take long are given up; the
  // rows are then added by catch_up().
  void keep_few(std::size_t most);

  // Makes the sums of that hour anew from the rows.
  void rebuild(std::int64_t hour);
  // Adds the rows of a chain up to `last`, as long as they are there.
  void add_rows(std::string_view writer, std::int64_t last);
  // A chain is ahead of its sums.
  static bool is_behind(const Database&);
  // Adds at most so many rows of chains that are ahead of their sums; false: there are none.
  bool catch_up(std::int64_t most);

 private:
  struct Sums {
    std::int64_t rows = 0, tokens_in = 0, tokens_out = 0, first_begin = 0, last_end = 0;
    double energy = 0, variance = 0;
    std::map<std::string, double> by_factor;
  };
  struct Place {
    std::int64_t hour, group;
    bool operator==(const Place&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Place& p) const {
      return static_cast<std::size_t>(p.hour) * 0x9e3779b97f4a7c15u ^ static_cast<std::size_t>(p.group);
    }
  };
  std::int64_t group(const Fact&, const FactTexts&, std::string_view writer, std::string_view factor_set);
  void add(const Fact&, const FactTexts&, std::string_view writer, std::string_view factor_set);
  void store();

  const Database& database_;
  Statement state_, move_state_, find_group_, add_group_, read_, write_;
  std::unordered_map<std::string, std::int64_t> groups_;  // by their key
  std::unordered_map<Place, Sums, Hash> sums_;
  std::string writer_, key_;
  bool adds_ = false, open_ = false, first_ = false;
};

// Each sum of hours wholly within [from, to), in no order.
void for_each_sum(const Database&, std::int64_t from_hour, std::int64_t to_hour, std::string_view kind,
                  const std::function<void(const Subtotal&)>&);

// Whether the sums are those of the rows; "" or what is wrong. Rows are given in any order, once each.
class RollupCheck {
 public:
  explicit RollupCheck(const Database&);
  void see(const Row&);
  std::string fault() const;

 private:
  struct Sums {
    std::int64_t rows = 0, tokens_in = 0, tokens_out = 0;
    double energy = 0, variance = 0, factors = 0;
  };
  const Database& database_;
  std::map<std::string, std::int64_t> folded_;  // by writer
  std::unordered_map<std::string, bool> superseded_;
  std::map<std::int64_t, Sums> by_hour_;
};

}  // namespace wattline::ledger
