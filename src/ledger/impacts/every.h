// The capability `ledger impacts`: every impact of the account that can be told, of use and of manufacture, by scope
// of the GHG Protocol and by functional unit (SCI, ISO/IEC 21031: ((E * I) + M) / R).
//
//   use          E: energy at the device, PUE and place as in `ledger report`
//     carbon     E * PUE * CI          on-site water  E * WUE        off-site water  E * PUE * off-site(place)
//     minerals, fossil energy          E * PUE * factor(place)       lca_electricity.csv, 139 countries
//     primary energy                   E * PUE * sum(share / efficiency)   generation_mixes.csv, 213 countries
//   manufacture  per card of lca_cards.csv, charged by
//     energy     E_device / (share * board power * life in use)      for machines that many share
//     time       (end - begin) / life in use                         for runs that have one card each
//
// What has no factor is not assessed: it is left out, and the share of the energy that is assessed is said.
#pragma once

#include <optional>
#include <string>

#include "kernel/capability.h"
#include "ledger/impacts/primary.h"
#include "ledger/report.h"

namespace wattline::ledger {

enum class ManufactureRule { energy, time, none };
// Whose the machines are. By kind: rented ones (cloud bills) are somebody else's, all others one's own.
enum class Owner { by_kind, own, hosted };

struct ImpactsOptions {
  RowsOptions rows;
  ReportSiteOptions site;
  PrimaryOptions primary;
  int allocation = 0;  // ManufactureRule
  int owner = 0;  // Owner
  std::string unit = "row";  // of SCI: row, token, or a kind ("answer", "run")
  double years = 3, utilisation = 1;
  std::optional<double> price;
  std::string currency = "EUR";
};

Result every_impact(const ImpactsOptions&, Context&);
Capability impacts_capability();

}  // namespace wattline::ledger
