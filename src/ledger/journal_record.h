// The entries of a journal file (docs/formats/journal.md): what a writer on a hot path leaves behind for the
// account, small and quick to write, readable up to the moment of a kill.
//
// file  = magic, entries
// entry = size u32, CRC-32 u32 (both of the payload), payload; integers little endian
// payload of a shape = 'S', number u32, canonical text of a row (row.h) whose numbers do not matter
// payload of a fact  = 'F', shape u32, begin i64 ns, end i64 ns, energy f64 J, sd f64 J, in i64, out i64, uid
//
// A shape stands in each file before the first fact that refers to it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "kernel/account.h"

namespace wattline::ledger {

inline constexpr std::string_view journal_magic = "WLJRNL1\n";
inline constexpr std::size_t largest_entry = std::size_t{1} << 20;  // payload bytes

void append_shape(std::string& out, AccountJournal::Shape, const Fact& common, std::string_view factor_set);
void append_fact(std::string& out, AccountJournal::Shape, const FactNumbers&);

// Reads entries one after the other.
class JournalReader {
 public:
  struct Shape {
    Fact common;
    std::string factor_set;  // catalog version at the time
  };
  using ShapePtr = std::shared_ptr<const Shape>;
  enum class Found {
    fact,
    shape,  // nothing to do
    nothing,  // `bytes` ends before the entry does
    damage  // no entry: a wrong checksum or what no writer writes
  };
  // The entry at the front of `bytes`; `used` is its size, 0 for nothing and damage. `fact` and its `shape` may hold
  // those of a fact before: where the shape is the same, only the numbers are written.
  Found next(std::string_view bytes, Fact& fact, ShapePtr& shape, std::size_t& used);

 private:
  std::unordered_map<AccountJournal::Shape, ShapePtr> shapes_;
};

}  // namespace wattline::ledger
