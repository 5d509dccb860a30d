// What the agents of other machines have counted: from the room that reads them (`meter`) to the one that keeps
// accounts (`ledger`).
#pragma once

#include <string>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/options.h"
#include "kernel/time.h"

namespace wattline {

// Of one agent, since it was started.
struct MachineCounters {
  std::string name;  // of the agent in the list
  std::string trouble;  // why it could not be read; then only its name is known
  std::string host;
  std::string run;  // of this run of the agent: another one counts from 0 again
  Time begin, end;  // by our clock
  struct Component {
    std::string name, device;
    Estimate<Energy> energy;  // never falls within a run
    Duration missing{0};  // not read in
  };
  std::vector<Component> components;  // that never contain each other
};

class MachineReader {
 public:
  virtual ~MachineReader() = default;
  // All agents of the list at once. Error: the list is none. An agent that does not answer has trouble.
  virtual std::vector<MachineCounters> read(const InputFile& agents) const = 0;
};

}  // namespace wattline
