#include "ledger/imports/instances.h"

#include <fmt/format.h>

#include "catalog/data_file.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/catalog_rows.h"
#include "ledger/row.h"

namespace wattline::ledger::imports {
namespace {

std::string instance_key(std::string_view name) {
  std::string key = catalog::name_key(name);
  if (key.starts_with("standard") && key.size() > 8) key.erase(0, 8);
  return key;
}

constexpr const char* source = "rented hours and the instance's parts (Cloud Carbon Footprint's form)";

}  // namespace

Instances::Instances(Reading& reading, std::string provider) : reading_(reading) {
  const catalog::DataFile file = catalog_rows(reading.catalog, "cloud_instances.csv", {"provider", "name"});
  for (const auto& row : file.rows()) {
    if (row.text("provider") != provider) continue;
    Instance i{provider, row.required("name"), row.required_number("vcpu"), 0, 0, row.text("gpu")};
    i.memory_gib = row.required_number("memory") / units::GiB.base();
    i.accelerators = row.number("gpus").value_or(0);
    if (!i.device.empty() && !reading.catalog.find_device(i.device))
      row.fail("gpu", fmt::format("the catalog has no device '{}'", i.device), "add it to devices.csv");
    by_key_.emplace(instance_key(i.name), std::move(i));
  }
}

const Instance* Instances::find(std::string_view name) const {
  for (const std::string_view service : {"ml.", "db.", "cache.", "search."})
    if (name.starts_with(service)) name.remove_prefix(service.size());
  if (name.ends_with(".search")) name.remove_suffix(7);
  const auto it = by_key_.find(instance_key(name));
  return it == by_key_.end() ? nullptr : &it->second;
}

std::vector<std::string> Instances::nearest(std::string_view name) const {
  std::vector<std::string> names;
  for (const auto& [key, i] : by_key_) names.push_back(i.name);
  return wattline::nearest(name, names);
}

Estimate<Power> Instances::vcpu_power() {
  const RawEstimate &idle = reading_.factor("import.instance.vcpu_idle"),
                    &full = reading_.factor("import.instance.vcpu_full");
  const RawEstimate load =
      reading_.options.load ? RawEstimate(*reading_.options.load) : reading_.factor("import.instance.load");
  // Sensitivities by hand: a difference of estimates could be of either sign, and a power cannot.
  std::map<std::string, double> by;
  const auto add = [&](const RawEstimate& f, double sensitivity) {
    for (const auto& [id, sd] : f.by_factor()) by[id] += sensitivity * sd;
  };
  add(idle, 1 - load.value());
  add(full, load.value());
  add(load, full.value() - idle.value());
  return Estimate<Power>(
      restore(idle.value() + load.value() * (full.value() - idle.value()), 0, by, Method::modelled, {source}, false));
}

Estimate<Power> Instances::memory_power(double gib) {
  // The factor is per GB.
  const double gb = gib * units::GiB.base() / units::GB.base();
  const auto& per_gb = reading_.factor("physics.memory.power");
  RawEstimate p = RawEstimate::scaled(per_gb, gb * units::GB.base());
  p.add_source(source);
  p.worsen(Method::modelled);
  return Estimate<Power>(p);
}

Estimate<Power> Instances::accelerator_power(const std::string& name) {
  const auto& device = reading_.catalog.device(name);
  if (device.board_power.base() <= 0)
    throw bad_input(fmt::format("the board power of {} is not in the catalog", device.name));
  reading_.notes.use(catalog::use(device));
  RawEstimate p = RawEstimate::scaled(reading_.factor("import.instance.gpu_power"), device.board_power.base());
  p.add_source(source);
  p.worsen(Method::modelled);
  return Estimate<Power>(p);
}

Estimate<Power> Instances::power(const Instance& i) {
  if (const auto it = powers_.find(i.name); it != powers_.end()) return it->second;
  Estimate<Power> p = vcpu_power() * i.vcpu + memory_power(i.memory_gib);
  if (i.accelerators > 0) p += accelerator_power(i.device) * i.accelerators;
  return powers_.emplace(i.name, p).first->second;
}

}  // namespace wattline::ledger::imports
