#include "meter/families/amd_energy.h"

#include <fmt/format.h>

#include "meter/families/hwmon_chips.h"

namespace wattline::meter {

Found find_amd_energy(const Roots& roots) {
  Found out;
  for (const auto& chip : hwmon_chips(roots)) {
    if (chip.name != "amd_energy") continue;
    for (const auto& channel : hwmon_channels(chip)) {
      if (!channel.label.starts_with("Esocket") || channel.kind != SourceKind::energy) continue;
      SourceInfo info;
      info.component = "socket-" + channel.label.substr(7);
      info.family = "amd_energy";
      info.device = chip.name;
      info.domain = Domain::cpu;
      info.gain = "meter.rapl.gain";  // the same counters of the processor
      if (auto source = hwmon_source(chip, channel, std::move(info), out)) out.sources.push_back(std::move(source));
    }
  }
  if (out.sources.empty() && out.obstacles.empty())
    out.obstacles.push_back({"amd_energy", "sockets", "the driver amd_energy is not loaded",
                             "for AMD processors whose counters no other family reads: its module (amd_energy)", true});
  return out;
}

}  // namespace wattline::meter
