// One row of the account and its canonical form: the text over which the hash chain is made.
//
// canonical = JSON without spaces, members in this fixed order, numbers in the fewest digits that
// read back exactly, strings in UTF-8:
//   {"v":1,"writer":..,"seq":..,"prev":..,"uid":..,"recorded":ns,"corrects":..,"factors":..,
//    "kind":..,"begin":ns,"end":ns,"energy":{"value":J,"sd":J,"by":{factor:J..},"method":..,
//    "signed":..,"sources":[..]},"in":tokens,"out":tokens,"model":..,"device":..,"place":..,
//    "labels":[[key,value]..]}
// hash = lower-case hex SHA-256 of the canonical text; prev is the hash of the row before in the
// same writer's chain, 64 zeros for its first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/account.h"
#include "kernel/json.h"

namespace wattline::ledger {

inline constexpr std::string_view first_link = "0000000000000000000000000000000000000000000000000000000000000000";

struct Row {
  std::string writer;
  std::int64_t seq = 0;
  std::string prev_hash, hash;
  Time recorded;
  std::string corrects;  // uid of the row this one replaces
  std::string factor_set;  // catalog version at the time
  Fact fact;  // with its uid
};

std::string canonical(const Row&);
std::string hash_of(std::string_view canonical_text);

// Reads a canonical text (spaces allowed); Error says what is missing or ill-typed. The hash is not
// part of it and stays empty.
Row parse_row(const Json&);

// An estimate from its stored parts; the inverse of RawEstimate's readers.
RawEstimate restore(double value, double independent_sd, const std::map<std::string, double>& by_factor, Method,
                    const std::vector<std::string>& sources, bool can_be_negative);

// Throws bad_input for what no fact can be (negative or non-finite energy, an end before its begin,
// texts over 4 kB, over 100 labels). True: it can be kept as it is, without `checked`.
bool is_clean(const Fact&);
// The same with its texts made valid UTF-8 and its numbers such as read back as they were written.
Fact checked(const Fact&);

}  // namespace wattline::ledger
