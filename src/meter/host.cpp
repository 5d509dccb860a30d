#include "meter/host.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include <fmt/format.h>

#include "kernel/units.h"
#include "meter/proc_files.h"

namespace wattline::meter {

Host read_host(const Roots& roots) {
  Host out;
  CpuInfo cpu;
  // The first processor says all that is asked; 256 of them would fill half a megabyte.
  if (const auto text = read_small_file(roots.proc / "cpuinfo")) cpu = parse_cpuinfo(*text);
  out.cpu = cpu.name;
  out.virtual_machine = cpu.virtual_machine;
  std::optional<int> online;
  if (const auto text = read_small_file(roots.sys / "devices/system/cpu/online")) online = count_cpu_list(*text);
  out.threads = online ? *online : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  if (cpu.threads > 0) out.packages = std::max(1, (out.threads + cpu.threads - 1) / cpu.threads);
  out.cores = cpu.cores > 0 ? std::clamp(cpu.cores * out.packages, 1, out.threads) : out.threads;
  if (const auto text = read_small_file(roots.proc / "meminfo")) out.memory = parse_memory_total(*text);
  return out;
}

namespace {

bool of_a_server(const Host& host) {
  return host.virtual_machine || host.cpu.find("Xeon") != host.cpu.npos || host.cpu.find("EPYC") != host.cpu.npos;
}

}  // namespace

HostModel::HostModel(Host host, const catalog::Catalog& catalog) : host_(std::move(host)) {
  catalog::Device made;
  made.kind = catalog::DeviceKind::cpu;
  made.cores = std::max(1, host_.cores / host_.packages);
  made.name = device_ = host_.cpu.empty() ? "unknown processor" : host_.cpu;

  const catalog::Device* row = host_.cpu.empty() ? nullptr : catalog.find_device(host_.cpu);
  if (row && (row->cores <= 0 || row->board_power <= Power(0))) row = nullptr;
  const auto curves = physics::LoadCurves::load(
      catalog, row ? std::vector<std::string>{host_.cpu, row->name} : std::vector<std::string>{host_.cpu});
  const auto own = std::find_if(curves->curves.begin(), curves->curves.end(), [&](const physics::LoadCurve& c) {
    return !c.device.empty() && catalog::device_key(c.device) == catalog::device_key(host_.cpu);
  });
  const bool of_the_catalog = row != nullptr;
  if (row) {
    made = *row;
  } else if (const auto* wall = host_.cpu.empty() ? nullptr : curves->find_wall(host_.cpu)) {
    made.name = wall->device;
    made.board_power = wall->tdp;
    factors_.push_back(curves->use_of(*wall));
  } else if (own != curves->curves.end()) {
    // The curve says all; the TDP is not asked for.
    made.board_power = own->tdp > Power(0) ? own->tdp : own->full();
  }
  if (made.board_power > Power(0)) {
    known_ = true;
    device_ = made.name;
    if (row || own == curves->curves.end() || own->tdp > Power(0)) {
      design_power_ = made.board_power * static_cast<double>(host_.packages);
      most_of_design_power_ = catalog.factor("physics.cpu.most_of_tdp").value;
      burst_of_design_power_ = catalog.factor("physics.cpu.burst_of_tdp").value;
      least_of_design_power_ = catalog.factor("physics.cpu.least_of_tdp").value;
    }
  } else {
    const auto& core = catalog.factor(of_a_server(host_) ? "meter.core_power.server" : "meter.core_power");
    const RawEstimate watts = core.estimate();
    made.board_power = Power(watts.value() * made.cores);
    factors_.push_back(core.use());
    scale_ = Estimate<Ratio>(RawEstimate::scaled(watts, 1 / watts.value()));
  }
  power_ = physics::processor_power(made, *curves, catalog);
  explanation_ = known_ ? fmt::format("modelled from CPU time and the catalog's {}, by {}", device_, power_.basis)
                        : fmt::format(
                              "modelled from CPU time and a general figure for a core, since the catalog does not "
                              "know the processor {}",
                              host_.cpu.empty() ? "(this machine does not name it)" : "'" + host_.cpu + "'");
  // A made-up device is no row of the catalog.
  for (std::size_t i = of_the_catalog ? 0 : 1; i < power_.factors.size(); ++i) factors_.push_back(power_.factors[i]);
}

Estimate<Energy> HostModel::energy_of_cpu_time(Duration cpu_time, double busy) const {
  const double seconds = std::isfinite(cpu_time.base()) ? std::max(0.0, cpu_time.base()) : 0;
  busy = std::isfinite(busy) ? std::clamp(busy, 1.0, static_cast<double>(host_.threads)) : 1;
  // Virtual machines rarely see that their threads share cores; on hired ones they do.
  const double threads_per_core = host_.threads > host_.cores ? static_cast<double>(host_.threads) / host_.cores
                                  : host_.virtual_machine     ? 2
                                                              : 1;
  const double crowded = std::min(1.0, host_.cores / busy);  // core seconds at most, of a thread second
  const double most = crowded, least = std::min(most, 1 / threads_per_core);
  const auto share =
      most == least
          ? Estimate<Ratio>::exact(most)
          : Estimate<Ratio>::within((most + least) / 2, least, most, Method::modelled,
                                    "between a core to itself and one shared by its hardware threads (/proc/cpuinfo)");
  const double cores_busy = std::min(busy, static_cast<double>(host_.cores)) / host_.packages;
  return physics::energy_of_cpu_time(power_, std::max(1, static_cast<int>(std::lround(cores_busy))),
                                     Duration(seconds)) *
         share * scale_;
}

Estimate<Power> HostModel::idle() const { return power_.idle * static_cast<double>(host_.packages) * scale_; }
Estimate<Power> HostModel::full() const { return power_.full * static_cast<double>(host_.packages) * scale_; }

Estimate<Power> HostModel::at(double load, physics::LoadKind kind) const {
  return power_.at(load, kind) * static_cast<double>(host_.packages) * scale_;
}

std::optional<std::string> HostModel::doubt(Power mean, Duration span, std::optional<double> load) const {
  constexpr Duration longest_boost{28};  // processors may exceed their limit for so long
  constexpr Duration long_enough{1};  // counters move in steps
  if (!design_power_ || span < long_enough) return std::nullopt;
  const double share = mean / *design_power_;
  const std::string all = host_.packages > 1 ? "all" : "the";
  const std::string what = fmt::format("the processor's counters say {} over {}", to_string(mean), to_string(span, 2));
  if (share > burst_of_design_power_)
    return fmt::format("{}, {:.2g} times the design power of {} {}: no such part draws that", what, share, all,
                       device_);
  if (span > longest_boost && share > most_of_design_power_)
    return fmt::format(
        "{}, {:.2f} times the design power of {} {}: the cores may have been added to the packages that contain them",
        what, share, all, device_);
  if (load && *load >= 0.5 && share < least_of_design_power_)
    return fmt::format("{} at a load of {:.0f} %, {:.2g} of the design power of {} {}: they cannot be right", what,
                       *load * 100, share, all, device_);
  return std::nullopt;
}

}  // namespace wattline::meter
