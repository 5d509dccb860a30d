#include <fmt/format.h>

#include "catalog/place_options.h"
#include "serve/config.h"

namespace wattline::serve {
namespace {

void check_place(const std::string& name, const catalog::Catalog& catalog, const std::string& where,
                 std::vector<Error>& faults) {
  if (name.empty()) return;
  try {
    catalog.place(name);
  } catch (const Error& e) {
    faults.push_back(e.at(where));
  }
}

}  // namespace

bool shares_cpu_time(const UpstreamConfig& u, const catalog::Catalog& catalog) {
  if (u.energy != EnergyMode::automatic) return u.energy == EnergyMode::share;
  const auto* device = catalog.find_device(u.device);
  return u.url.loopback() && (u.device.empty() || (device && device->kind == catalog::DeviceKind::cpu));
}

std::vector<Error> check_against(Config& c, const catalog::Catalog& catalog) {
  std::vector<Error> faults;
  const std::string file = c.file.empty() ? "configuration" : c.file;
  check_place(c.server.place, catalog, file + ": server.place", faults);
  for (auto& u : c.upstreams) {
    check_place(u.place, catalog, fmt::format("{}: upstream '{}': place", u.where, u.name), faults);
    if (!u.device.empty()) {
      try {
        u.device = catalog.device(u.device).name;
      } catch (const Error& e) {
        faults.push_back(e.at(fmt::format("{}: upstream '{}': device", u.where, u.name)));
      }
    } else if (!shares_cpu_time(u, catalog)) {
      faults.push_back(bad_input(
          fmt::format("upstream '{}' {} and names no device, so the energy of its answers cannot be modelled", u.name,
                      u.metered.agent.empty() ? "is not measured" : "is measured by an agent, which may fall silent,"),
          u.where,
          "set device to what it most likely runs on, for example \"NVIDIA H100 SXM\" (`wattline catalog devices`)"));
    }
    for (auto& m : u.models) {
      if (!m.catalog.empty()) {
        try {
          m.catalog = catalog.model(m.catalog).name;
        } catch (const Error& e) {
          faults.push_back(e.at(fmt::format("{}: model '{}': catalog", m.where, m.id)));
        }
        continue;
      }
      for (const auto& name : {m.upstream_name, m.id})
        if (const auto* known = catalog.find_model(name); known && m.catalog.empty()) m.catalog = known->name;
      if (m.catalog.empty() && !shares_cpu_time(u, catalog))
        faults.push_back(bad_input(
            fmt::format("the catalog does not know the model '{}', so its energy cannot be modelled", m.upstream_name),
            m.where,
            "name the catalog's nearest: [[upstream.model]] id = \"...\", catalog = \"llama-3.1-8b\" (`wattline "
            "catalog models`)"));
    }
  }
  return faults;
}

}  // namespace wattline::serve
