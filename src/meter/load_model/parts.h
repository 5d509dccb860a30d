// Power of what has no counter beside the processor: memory by its modules, disks, network ports. Always
// modelled, and rough: the intervals are wide, and what a virtual machine cannot know is not made up.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/estimate.h"
#include "kernel/result.h"
#include "meter/host.h"
#include "meter/roots.h"

namespace wattline::meter {

// The size of the module that a structure of type 17 (SMBIOS 3.6, section 7.18) describes; 0: the slot is
// empty; nothing: it is none, or its size is not told.
std::optional<Bytes> module_size(std::string_view smbios_structure);

struct MemoryModules {
  int count = 0;
  bool read = false;  // from the firmware's tables or the memory controller; else guessed by size
};
// /sys/firmware/dmi/entries/17-* (root alone), else /sys/devices/system/edac/mc (anybody), else by size as
// CodeCarbon guesses: to 2 GB 1, to 16 GB 2, to 64 GB 4, to 128 GB 8; beyond, one for each 32 GB, 32 at most.
MemoryModules memory_modules(const Roots&, std::optional<Bytes> memory);

struct ModelledPart {
  std::string component;  // "memory", "disk sda", "port eth0"
  std::string how;  // "4 modules, by size", "virtual: what lies behind is not known"
  std::optional<Estimate<Power>> power;  // absent: not known at all
  std::vector<FactorUse> factors;
};
// Memory: modules times meter.memory.module, of more than 4 the next 4 at 90, 8 at 80, the rest at 70 %
// (CodeCarbon); on ARM meter.memory.module.arm; in a virtual machine by size (physics.memory.power). Disks by
// meter.disk.*, ports that are up by meter.port.*.
std::vector<ModelledPart> modelled_parts(const Host&, const Roots&, const catalog::Catalog&);

}  // namespace wattline::meter
