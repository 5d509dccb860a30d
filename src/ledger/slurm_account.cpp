#include "ledger/slurm_account.h"

#include <algorithm>
#include <cmath>

namespace wattline::ledger {

void SlurmSum::add(const SlurmJob& job, const SlurmUse& use) {
  ++jobs;
  core_hours += use.core_hours;
  gpu_hours += use.gpu_hours;
  core_kwh += use.core_kwh;
  gpu_kwh += use.gpu_kwh;
  memory_kwh += use.memory_kwh;
  needed_kwh += use.core_kwh + use.gpu_kwh + use.needed_memory_kwh;
  if (job.outcome() == JobOutcome::failed) {
    ++failed;
    failed_kwh += use.it_kwh();
  }
  if (job.joules > 0) {
    ++measured_jobs;
    measured_kwh += Energy(job.joules).in(units::kWh);
    modelled_of_measured_kwh += use.it_kwh();
  }
  if (!use.memory_unknown && use.needed_gb > 0) overallocation.push_back(static_cast<float>(use.overallocation()));
}

double SlurmSum::median_overallocation() {
  if (overallocation.empty()) return NAN;
  const auto middle = overallocation.begin() + static_cast<std::ptrdiff_t>(overallocation.size() / 2);
  std::nth_element(overallocation.begin(), middle, overallocation.end());
  if (overallocation.size() % 2) return *middle;
  return (static_cast<double>(*middle) + *std::max_element(overallocation.begin(), middle)) / 2;
}

Estimate<Energy> SlurmFactors::device_energy(const SlurmSum& s) const {
  const auto part = [](double kwh, const Estimate<Ratio>& factor) {
    return Estimate<Energy>::exact(kwh * units::kWh) * factor;
  };
  return part(s.core_kwh, core) + part(s.gpu_kwh, gpu) + part(s.memory_kwh, memory);
}

const std::vector<std::string>& slurm_groupings() {
  static const std::vector<std::string> names{"user", "account", "partition", "state", "month", "day", "array", "name"};
  return names;
}

std::string slurm_key(const SlurmJob& job, const std::string& grouping) {
  const auto or_unknown = [](std::string_view text) { return std::string(text.empty() ? "(none)" : text); };
  if (grouping == "user") return or_unknown(job.user);
  if (grouping == "account") return or_unknown(job.account);
  if (grouping == "partition") return or_unknown(job.partition);
  if (grouping == "state") return or_unknown(job.state);
  if (grouping == "array") return or_unknown(array_of(job.id));
  if (grouping == "name") return or_unknown(job.name);
  const auto time = job.start ? job.start : job.submit;
  return time ? to_string(*time).substr(0, grouping == "month" ? 7 : 10) : "(none)";
}

Table slurm_group_table(const std::string& grouping, std::map<std::string, SlurmSum>& groups,
                        const SlurmFactors& factors, std::optional<double> price) {
  Table t("ledger.slurm.groups.v1");
  t.title = "By " + grouping;
  t.text(grouping)
      .integer("jobs")
      .number("energy", "kWh", "with PUE")
      .number("energy_low", "kWh")
      .number("energy_high", "kWh");
  t.number("carbon", "gCO2e").integer("failed").number("failed_energy", "kWh", "of failed jobs");
  t.number("core_hours", "h")
      .number("gpu_hours", "h")
      .number("overallocation", "", "median of requested over needed memory");
  t.number("carbon_low", "gCO2e").number("carbon_high", "gCO2e");
  if (price) t.number("cost");
  std::vector<std::pair<const std::string, SlurmSum>*> order;
  for (auto& group : groups) order.push_back(&group);
  const bool by_time = grouping == "month" || grouping == "day";
  if (!by_time)
    std::stable_sort(order.begin(), order.end(),
                     [](const auto* a, const auto* b) { return a->second.it_kwh() > b->second.it_kwh(); });
  const double pue = factors.pue.value();
  for (auto* group : order) {
    SlurmSum& s = group->second;
    const Measure energy = factors.energy(s).measure("kWh");
    const Measure carbon = factors.carbon(s).measure("gCO2e");
    std::vector<Table::Cell> row{group->first,
                                 s.jobs,
                                 energy.value,
                                 energy.interval.low,
                                 energy.interval.high,
                                 carbon.value,
                                 s.failed,
                                 s.failed_kwh * pue,
                                 s.core_hours,
                                 s.gpu_hours,
                                 s.median_overallocation(),
                                 carbon.interval.low,
                                 carbon.interval.high};
    if (price) row.emplace_back(energy.value * *price);
    t.add_row(std::move(row));
  }
  return t;
}

}  // namespace wattline::ledger
