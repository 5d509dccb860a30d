// The energy counters of processor packages and memory by the processors' own registers (/dev/cpu/N/msr), where the
// kernel's drivers for them (perf, powercap) are missing.
//
// Intel (Software Developer's Manual, volume 4): units in 0x606 (bits 12:8: 2^-n J), package 0x611, memory 0x619, of
// servers since Haswell in units of 2^-16 J whatever 0x606 says. AMD (Processor Programming Reference, family 17h):
// units in 0xC0010299, package 0xC001029B. Only the lower 32 bits count. The device is root's and wants CAP_SYS_RAWIO.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "meter/source.h"

namespace wattline::meter {

struct CpuIdentity {
  bool amd = false;  // Hygon too
  unsigned family = 0, model = 0;
};
// Of the first processor in /proc/cpuinfo; nothing where its maker has no such registers.
std::optional<CpuIdentity> parse_cpu_identity(std::string_view cpuinfo);

// J for a count; nothing where the register holds no unit (virtual machines say 0).
std::optional<double> msr_energy_unit(std::uint64_t units_register);
// Of the memory's counter; nothing where a processor of the kind has none, or in what unit is not known.
std::optional<double> msr_memory_unit(const CpuIdentity&, double energy_unit);

Found find_msr_rapl(const Roots&);

}  // namespace wattline::meter
