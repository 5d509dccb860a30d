// NVIDIA GPUs through the driver's own library (nvml_library.h).
//
// Each board is one source: its energy counter (mJ since the driver was loaded; Volta and later), else its
// power (mW). Counters move in steps of some 20 to 100 ms and power is renewed about each 100 ms, on A100
// and H100 from a quarter of the time only (arXiv:2312.02741): the factor meter.nvml.gain holds how far
// that went. Slices of a board (MIG) have no power of their own: they are named, the joules are the board's.
// A module that holds a GPU and its processor (Grace Hopper) is a source that is shown and never added.
#pragma once

#include <string>

#include "meter/source.h"

namespace wattline::meter {

// `library`: a path; "": as nvml::Library::open has it.
Found find_nvml(const std::string& library = {});

}  // namespace wattline::meter
