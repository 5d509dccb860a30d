// How a text is built: counts, densities and sequences of markers (wrp-router, section 4.1, "structure").
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "policy/settings.h"

namespace wattline::policy {

struct StructureScratch {
  std::string folded;
};

class Structure {
 public:
  enum class Feature { count, exists, sequence, density };
  struct Source;

  Structure(Feature, std::shared_ptr<const Source>, Predicate);

  // count: hits, or bytes of the text. exists and sequence: 0 or 1. density: hits per text unit, where each CJK
  // character and each run of letters or digits is a unit.
  double measure(std::string_view text, StructureScratch&) const;
  const Predicate& predicate() const { return predicate_; }
  // max(0.5, 1 / (1 + exp(-4 |value - nearest bound|))).
  double confidence(double value) const;

 private:
  Feature feature_;
  std::shared_ptr<const Source> source_;
  Predicate predicate_;
};

// From the fields `feature` and `predicate` of a signal; nothing when they are at fault.
std::optional<Structure> read_structure(Settings&);

}  // namespace wattline::policy
