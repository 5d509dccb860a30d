#include "ledger/group_key.h"

namespace wattline::ledger {

void append_group_key(std::string& out, const GroupTexts& g) {
  // Texts of rows hold no such character: JSON has it escaped, and names with it are made of it anew.
  constexpr char between = '\x1f';
  for (const std::string_view part :
       {g.writer, g.factor_set, g.kind, g.model, g.device, g.place, g.labels, g.method, g.sources})
    out.append(part) += between;
  out += g.with_tokens ? '1' : '0';
  out += g.can_be_negative ? '1' : '0';
}

}  // namespace wattline::ledger
