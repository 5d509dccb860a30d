// What a training run took, and when: from a power log, from a log of load, or from rows of the account; asked for
// any span of time. Units: J.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "kernel/time.h"
#include "ledger/row.h"
#include "ledger/row_site.h"
#include "ledger/training/log.h"

namespace wattline::ledger::training {

struct Slice {
  Time begin, end;
  Estimate<Energy> energy;  // at the device
  RowSite site;  // what it does not say: that of the report
};
using Slices = std::vector<Slice>;

// Slices of the span; those of a log are cut at whole hours, so that each has the carbon intensity of its hour.
using Spending = std::function<Slices(Time begin, Time end)>;

// By the trapezoid. The error of the driver's power (`gain`) is that of all samples alike; what is held over gaps may
// be anything between nothing and twice as much.
Spending of_log(std::shared_ptr<const Log>, const catalog::Factor& gain);
// Load times design power, right to half.
Spending of_load(LoadTrace, Power design, double gap);
// A row that reaches over an end of the span counts by the share of its time within, as if its power were even: what
// comes of it is modelled.
Spending of_rows(std::vector<Row>);

// Zero, measured, of no slices.
Estimate<Energy> sum(const Slices&);
void append(Slices&, Slices);

}  // namespace wattline::ledger::training
