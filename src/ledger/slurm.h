// The capability `ledger slurm`: energy and carbon of a cluster's jobs from its accounting log.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "kernel/quantity.h"

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
  RssUnit rss_unit = RssUnit::cluster;
  SlurmSiteOptions site;
  SlurmHardwareOptions hardware;
  bool old_data = false;
  SlurmTables tables = SlurmTables::all;
  std::int64_t jobs = 1000;
  bool strict = false, record = false;
};

Result slurm(const SlurmOptions&, Context&);
Capability slurm_capability();

}  // namespace wattline::ledger
