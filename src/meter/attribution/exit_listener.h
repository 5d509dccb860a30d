// Listens to what the kernel tells of processes that end. Needs the right CAP_NET_ADMIN in the first namespace of users
// while it is opened; afterwards the right may be given up.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "meter/attribution/exit_records.h"
#include "meter/roots.h"

namespace wattline::meter {

class ExitListener {
 public:
  virtual ~ExitListener() = default;
  // What came since the last time is put behind `out`; true when something was lost because too much came at once.
  virtual bool drain(std::vector<ExitRecord>& out) = 0;
};

// Nothing with `why` where it is not allowed or not there.
std::unique_ptr<ExitListener> listen_to_exits(const Roots&, std::string& why);

}  // namespace wattline::meter
