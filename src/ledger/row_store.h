// Rows from the table `facts`, and the walk along all chains. How they get there: chain_writer.h.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "ledger/database.h"
#include "ledger/ledger.h"

namespace wattline::ledger {

class RowReader {
 public:
  explicit RowReader(std::string where) : where_(std::move(where)) {}
  static std::string select(std::string_view rest);
  // Reads the statement's present row; an Error names it when its texts cannot be read.
  Row read(const Statement&);

 private:
  // Neighbouring rows mostly share these texts: parsing each only when it changes is a third of the
  // time of a report.
  template <class T>
  struct Remembered {
    std::string text = "[]";
    T value{};
  };
  std::string where_;
  Remembered<std::vector<std::string>> sources_;
  Remembered<std::vector<std::pair<std::string, std::string>>> labels_;
};

// Refuses that rows are deleted; sealing lifts it for a moment inside its transaction.
inline constexpr std::string_view rows_remain_trigger =
    "CREATE TRIGGER facts_remain BEFORE DELETE ON facts"
    " WHEN (SELECT last_seq FROM writers WHERE writer = OLD.writer) IS NOT 0"
    " BEGIN SELECT RAISE(ABORT, 'rows of the account are never deleted'); END";

void verify_rows(const Database&, Verification&, const std::function<void(double)>& on_progress);

}  // namespace wattline::ledger
