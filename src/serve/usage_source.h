// What was used before this program began, as the ledger tells it: the gateway's budgets go on where they
// stood. The ledger's sink takes facts and gives none; whoever joins the rooms (app) provides this.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "kernel/estimate.h"
#include "kernel/time.h"

namespace wattline::serve {

// One answer of a tenant. Carbon, water and money are derived from it anew, as in the ledger's reports.
struct PastAnswer {
  Time end;
  std::string_view tenant, key, model, upstream, place;  // model: as clients asked for it
  bool ok = true;
  std::int64_t tokens_in = 0, tokens_out = 0;
  Estimate<Energy> energy;  // at the device
};

class UsageSource {
 public:
  virtual ~UsageSource() = default;
  // Answers that ended at `since` or later and belong to a tenant, in any order, each once. Error: the
  // ledger cannot be read.
  virtual void for_each(Time since, const std::function<void(const PastAnswer&)>&) const = 0;
};

}  // namespace wattline::serve
