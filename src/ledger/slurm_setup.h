// What a Slurm log is held against: the options of `ledger slurm` and the cluster file, brought together. What is
// given on the command line is stronger than the file, the file stronger than the calculator's defaults.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "catalog/green_algorithms.h"
#include "kernel/context.h"
#include "kernel/result.h"
#include "ledger/slurm.h"
#include "ledger/slurm_account.h"
#include "ledger/slurm_cluster.h"
#include "ledger/slurm_jobs.h"

namespace wattline::ledger {

struct SlurmSetup {
  std::shared_ptr<const catalog::GreenAlgorithms> data;
  std::vector<std::string> by;  // groupings
  std::shared_ptr<const SlurmCluster> cluster;  // null: no file
  SlurmPower power;
  SlurmFactors factors;
  std::optional<FactorUse> fallback_use[2];  // of the fallback's cores and GPUs
  std::string place;  // "": none is known
  std::optional<double> given_pue;  // by option or file, no default
  std::optional<double> price;  // of a kWh
  std::string currency;

  std::string cluster_name() const { return cluster && !cluster->name.empty() ? cluster->name : "cluster"; }
};

// Factors and what had to be assumed go into the result.
SlurmSetup slurm_setup(const SlurmOptions&, const Context&, Result&);

}  // namespace wattline::ledger
