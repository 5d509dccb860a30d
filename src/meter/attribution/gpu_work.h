// The work on GPUs as the book takes it: accounts of processes on a board and of its slices, opened and ended as they
// come and go.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "meter/attribution/energy_book.h"
#include "meter/attribution/gpu_users.h"
#include "meter/attribution/process_table.h"
#include "meter/source.h"

namespace wattline::meter {

class GpuWork {
 public:
  // `own_numbers`: the driver's process numbers are those of the table. In a container with numbers of its own they are
  // not, and processes are booked under the driver's.
  GpuWork(std::unique_ptr<GpuUsers>, bool own_numbers);

  struct Uses {
    std::vector<Work> work;
    double unseen = 0;  // of processes that are gone
  };
  // Of one board in this tick. The driver is asked at most twice a second; between, the last answer holds.
  Uses of(const SourceInfo& board, std::int64_t boot_ns, ProcessTable*, EnergyBook&);
  const std::string& how() const { return how_; }
  const std::string& factor() const { return factor_; }

 private:
  struct Board {
    GpuLook look;
    std::int64_t asked_ns = 0;
    bool asked = false;
    std::map<std::pair<int, std::int64_t>, AccountId> processes;  // by number and start
    std::map<std::string, AccountId> slices;
    std::map<int, AccountId> strangers;  // processes that the table does not know
  };
  void ask(Board&, const SourceInfo&, std::int64_t boot_ns, EnergyBook&);

  const std::unique_ptr<GpuUsers> users_;
  const bool own_numbers_;
  std::map<std::string, Board> boards_;
  std::string how_, factor_;
};

// Are the process numbers that we see those of the whole machine?
bool sees_all_numbers(const Roots&);

}  // namespace wattline::meter
