// `study compare`: do these groups of runs differ, by how much, and how sure is that?
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"

namespace wattline::study {

struct CompareOptions {
  InputFile data;
  std::string value, group, reference, replicate, pair;
  std::vector<std::string> groups;
  bool paired = false;
  std::string equivalence;  // margin: "2 %" of the reference's mean, "5 J", or a number in the data's unit
  double confidence = 0.95, power = 0.8;
  std::optional<double> alpha;  // default 1 - confidence
  std::int64_t bootstrap = 10'000;
};
Result compare(const CompareOptions&, Context&);
Capability compare_capability();

}  // namespace wattline::study
