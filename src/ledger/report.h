// The capability `ledger report`: what was spent, by whatever rows can be told apart by.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "ledger/account.h"
#include "ledger/factors/market.h"
#include "ledger/impacts/primary.h"

namespace wattline::ledger {

struct ReportSiteOptions {
  std::string place;  // of rows that name none
  std::optional<double> pue;
  std::optional<WaterIntensity> wue;
};
struct ReportOptions {
  InputFile agents;  // whose counters come into the account first
  RowsOptions rows;
  std::vector<std::string> by;
  std::string organisation;  // whose footprint it is, in title and head
  std::string against;  // another period: "previous", or "FROM..UNTIL"
  std::optional<double> price;  // of a kWh
  std::string currency = "EUR";
  bool hourly = false;  // carbon with the intensity of the hours, where a series covers them
  enum class Fetch { no, electricity_maps, watttime } fetch = Fetch::no;  // whom to ask for hours that none covers
  bool no_fallback = false;  // no report where hours are missing
  MarketOptions market;
  ReportSiteOptions site;
  PrimaryOptions primary;
};

const Fields<ReportSiteOptions>& report_site_fields();
Result report(const ReportOptions&, Context&);
Capability report_capability();

}  // namespace wattline::ledger
