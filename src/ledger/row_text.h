// The texts of a row: those of its columns that hold JSON, and the canonical text (row.h) around them.
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/account.h"

namespace wattline::ledger {

// A fact's JSON columns. One object serves many facts: neighbours mostly share sources and labels, and
// comparing them costs less than writing them again.
class FactTexts {
 public:
  // The texts below hold until the next call.
  void read(const Fact&);
  std::string_view by() const { return by_; }  // {"factor":J,...}
  std::string_view sources() const { return sources_; }  // ["...",...]
  std::string_view labels() const { return labels_; }  // [["key","value"],...]

 private:
  std::set<std::string> known_sources_;
  std::vector<std::pair<std::string, std::string>> known_labels_;
  std::string by_ = "{}", sources_ = "[]", labels_ = "[]";
};

// What a row has besides its fact.
struct RowPlace {
  std::string_view writer;
  std::int64_t seq = 0;
  std::string_view prev_hash, uid;
  Time recorded;
  std::string_view corrects, factor_set;
};

void append_canonical(std::string& out, const RowPlace&, const Fact&, const FactTexts&);

}  // namespace wattline::ledger
