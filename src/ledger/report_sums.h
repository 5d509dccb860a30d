// What a report adds up of its rows.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "ledger/impacts.h"
#include "ledger/rollup.h"

namespace wattline::ledger {

struct ReportSum {
  std::int64_t rows = 0, tokens_in = 0, tokens_out = 0;
  EnergyBySite by_site;

  void add(const Subtotal& s, const HourlyShare& hourly) {
    rows += s.rows;
    tokens_in += s.tokens_in;
    tokens_out += s.tokens_out;
    by_site[site_of(s.like.fact)].add(s.energy, hourly);
  }
};
using ReportGroups = std::map<std::string, ReportSum>;

}  // namespace wattline::ledger
