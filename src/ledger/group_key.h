// What tells the groups of the sums by the hour apart (rollup.h), as one text: the key under which a group is kept.
#pragma once

#include <string>
#include <string_view>

namespace wattline::ledger {

struct GroupTexts {
  std::string_view writer, factor_set, kind, model, device, place, labels, method, sources;  // labels, sources: JSON
  bool with_tokens = false, can_be_negative = false;
};
void append_group_key(std::string& out, const GroupTexts&);

}  // namespace wattline::ledger
