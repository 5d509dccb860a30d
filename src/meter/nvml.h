// NVIDIA GPUs through the driver's own library, opened at run time (libnvidia-ml.so.1): never linked, so
// that the program starts where there is none.
//
// Each board is one source: its energy counter (mJ since the driver was loaded; Volta and later), else its
// power (mW). Counters move in steps of some 20 to 100 ms and power is renewed about each 100 ms, on A100
// and H100 from a quarter of the time only (arXiv:2312.02741): the factor meter.nvml.gain holds how far
// that went. Slices of a board (MIG) have no power of their own.
#pragma once

#include <string>

#include "meter/source.h"

namespace wattline::meter {

// `library`: a path; "": WATTLINE_NVML_LIBRARY (not for programs with raised rights), else the usual name.
Found find_nvml(const std::string& library = {});

}  // namespace wattline::meter
