// A recording's file while it grows, so that what is killed leaves the rows so far.
#pragma once

#include <cstdint>
#include <fstream>
#include <string>

#include "catalog/catalog.h"
#include "meter/recorder.h"

namespace wattline::meter {

// The components of a recording, and of the model's row "load" the share of CPU time.
std::vector<ComponentEnergy> components_of(const Recording&, const catalog::Catalog&, Series& load);

class GrowingTrace {
 public:
  // Begins the file anew. Error when it cannot be written. A device or pipe gets its rows at the end alone.
  GrowingTrace(std::string path, const catalog::Catalog&);
  // Adds the rows that are later than those it holds.
  void grow(const Recording& so_far);
  // All rows once more, as they are known at the end: thinned, and the file replaced at once.
  void finish(const Table& whole);

 private:
  const std::string path_;
  const catalog::Catalog& catalog_;
  std::ofstream file_;
  bool heading_ = false;
  std::int64_t last_ = INT64_MIN;
};

}  // namespace wattline::meter
