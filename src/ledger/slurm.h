// The capability `ledger slurm`: energy and carbon of a cluster's jobs from its accounting log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "kernel/quantity.h"
#include "ledger/imports/merge.h"

namespace wattline::ledger {

enum class SlurmTables { all, totals, groups, jobs, runs };
enum class RssUnit { cluster, K, M, G, T };

struct SlurmSiteOptions {
  std::string place;
  std::optional<CarbonIntensity> intensity;
  std::optional<double> pue, price;
  std::string currency;
};
struct SlurmHardwareOptions {
  std::string cpu, gpu;
  std::optional<Power> core_tdp, gpu_tdp;
  std::optional<Bytes> granularity;
};
struct SlurmOptions {
  InputFile log, cluster;
  std::vector<std::string> by;
  std::vector<std::string> success;
  std::string time_zone;
  RssUnit rss_unit = RssUnit::cluster;
  SlurmSiteOptions site;
  SlurmHardwareOptions hardware;
  bool old_data = false;
  SlurmTables tables = SlurmTables::all;
  std::optional<std::int64_t> jobs;  // in the tables; none: 20 beside other tables, else 1000
  bool strict = false, record = false;
  imports::Changed changed = imports::Changed::keep;  // jobs that were recorded before as something else
  imports::Retracted retracted = imports::Retracted::leave;
};

Result slurm(const SlurmOptions&, Context&);
Capability slurm_capability();

}  // namespace wattline::ledger
