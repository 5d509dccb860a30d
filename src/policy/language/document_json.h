// A Document as one Json, without places: for comparing two, and for people who ask what was understood.
#pragma once

#include "kernel/json.h"
#include "policy/document.h"

namespace wattline::policy {

enum class Order {
  kept,
  // Members by name; signals by type and name, projections, cards and plugins by name: what says the same is the same,
  // however it was written down. Decisions and lists keep theirs, which means something.
  sorted,
};

Json document_json(const Document&, Order = Order::kept);
Json policy_json(const Policy&, Order = Order::kept);

}  // namespace wattline::policy
