// Which processes use a GPU, and how much of it, as the driver tells: an ordered family.
//
//   1. share of SM utilisation, per process (reference): the time its kernels ran in the last samples;
//   2. slices (MIG), where the driver tells no utilisation: the slices that have processes, by their multiprocessors;
//   3. equal shares of the processes that have a context there.
//
// Power is never told for a part of a board: these are shares of the board's.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "meter/nvml_library.h"

namespace wattline::meter {

struct GpuUse {
  int pid = 0;  // in the first namespace of processes
  double weight = 0;  // against the other uses of the board
  std::string slice;  // "1/0" (GPU instance, compute instance), "" the board is not sliced
};

struct GpuLook {
  std::vector<GpuUse> uses;
  std::string how;  // "share of SM utilisation"; "" the driver tells nothing
  std::string factor;  // how sure a share is, in the catalog
};

class GpuUsers {
 public:
  virtual ~GpuUsers() = default;
  // Of the board that its maker calls so (UUID), since the look before.
  virtual GpuLook look(const std::string& id) = 0;
};

// Nothing where the library cannot be used.
std::unique_ptr<GpuUsers> nvml_users(std::shared_ptr<const nvml::Library>);

}  // namespace wattline::meter
