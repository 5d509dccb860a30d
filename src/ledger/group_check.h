// Whether the groups of the sums by the hour say what the rows say (kind, place, labels ...), and whether what was kept
// of sealed rows is what their files hold. Reports read these, so a place that was changed there must not pass for one
// that was recorded. That the sums are those of the rows in all is RollupCheck's (rollup.h).
//
// Of each hour it adds up rows, tokens and energies weighed by a number that is drawn from the texts of the group: the
// same on both sides only where each group has what its rows have, and without memory for each group.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "ledger/database.h"
#include "ledger/row.h"
#include "ledger/row_text.h"

namespace wattline::ledger {

class GroupCheck {
 public:
  // `sealed_corrects`: uids that sealed rows correct.
  GroupCheck(const Database&, std::unordered_set<std::string> sealed_corrects);

  // Rows in any order, once each: those of the database, and those of sealed files.
  void see(const Row&);
  void see_sealed(const Row&);
  // "" or what is wrong. `all_sealed`: every sealed row was seen; else what was kept of them is taken for true.
  std::string fault(bool all_sealed) const;

 private:
  struct Sums {
    std::int64_t first_begin = INT64_MAX, last_end = INT64_MIN;
    std::uint64_t rows = 0, tokens = 0;  // weighed, modulo 2^64
    double energy = 0, factors = 0;  // weighed
    double size = 0;  // of what is weighed, for its rounding
    void add(const Sums&);
  };
  using ByHour = std::map<std::int64_t, Sums>;
  struct Part {
    std::int64_t rows, tokens_in, tokens_out, first_begin, last_end;
    double energy, variance, factors;
  };
  static Sums weighed(const Part&, std::uint64_t weight);
  using Weights = std::unordered_map<std::int64_t, std::uint64_t>;  // by a group's id
  void add(const Row&, ByHour&);
  ByHour kept_in(const char* table, const Weights&) const;
  static std::string difference(const ByHour& kept, const ByHour& of_rows, std::string_view rows);

  const Database& database_;
  std::map<std::string, std::int64_t> folded_;  // the last row in sums, by writer
  std::unordered_set<std::string> superseded_;
  std::unordered_map<std::string, std::uint64_t> weights_;  // by a group's key
  FactTexts texts_;
  std::string key_;
  ByHour by_hour_, sealed_;
};

}  // namespace wattline::ledger
