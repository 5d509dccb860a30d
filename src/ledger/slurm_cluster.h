// The description of a cluster: the YAML file of GreenAlgorithms4HPC (institution, cluster_name,
// granularity_memory_request, partitions {type, model, TDP, for GPUs model_CPU and TDP_CPU}, PUE, CI,
// energy_cost {cost, currency}, default_unit_RSS), and `memory_per_core` [GB] of a partition as ours.
//
// Units: W per core (TDP of CPU partitions, TDP_CPU) or per GPU, gCO2e/kWh, currency/kWh, GB.
// Errors (bad_input) name line and key; a placeholder left as "<10>" is one.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::ledger {

struct SlurmPartition {
  bool gpu = false;
  std::string model, cpu_model;
  double core_watts = 0, gpu_watts = 0;
  std::optional<double> memory_per_core_gb;
};

struct SlurmCluster {
  std::string institution, name;
  std::optional<double> granularity_gb, pue, grams_per_kwh, price;
  std::string currency;
  char rss_unit = 'K';
  std::map<std::string, SlurmPartition, std::less<>> partitions;
  std::vector<std::string> warnings;  // keys that nobody knows
};

SlurmCluster parse_cluster(std::string_view yaml, std::string_view where = "cluster file");

}  // namespace wattline::ledger
