// How well a model's energy is reported: the classes of Castaño et al. 2023 (arXiv 2305.11164), from the most special to
// the least. The published package tests them in an order that makes the last two unreachable; published_class() is
// that order, for its counts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ledger/label/entry.h"

namespace wattline::ledger {

enum class ReportingClass { unknown, context, basic, awareness, optimization, certified };
std::string_view to_string(ReportingClass);

// What is reported. Optimised: a tag that says pruned, distilled, optimised or quantised (the last is our addition).
// Certified: a tag of an eco certificate.
struct Reported {
  bool emissions = false, hardware = false, optimised = false, certified = false;
};
Reported reported(const ModelEntry&);
ReportingClass reporting_class(const Reported&);
ReportingClass published_class(const Reported&);

// What would raise the class, in the order in which it does.
struct Raise {
  std::string field, how;
  ReportingClass to;
};
std::vector<Raise> raises(const Reported&);

}  // namespace wattline::ledger
