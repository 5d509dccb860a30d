// The table that the driver of AMD's GPUs writes into `gpu_metrics`: of it the energy that a board has used.
//
// Layouts: struct gpu_metrics_v1_* in the kernel's kgd_pp_interface.h. From version 1.4 on (MI300 and later) the counter
// is said to have units of 2^-16 J (15.259 uJ); of 1.1 to 1.3 it has so on MI200 alone, and others leave it unsaid.
// Tables of processors with graphics (2.x, 3.x) have no counter.
#pragma once

#include <optional>
#include <string_view>

namespace wattline::meter {

struct GpuMetrics {
  double joules = 0;
  std::optional<double> watts;  // recent mean, of the whole board or of its first die
};
constexpr double gpu_metrics_joule_step = 1.0 / 65536;

// Little-endian bytes as they are read. Nothing where the table is cut off, has no such counter, or the driver does not
// fill it in (all ones, or zero since it was loaded). `mi200`: the board is one.
std::optional<GpuMetrics> parse_gpu_metrics(std::string_view bytes, bool mi200);

}  // namespace wattline::meter
