// What a component drew while it was not read, and sums of what was measured with what was not.
//
// A gap is filled in at the mean of the time covered: modelled, with a 95 % interval as wide as the powers that were
// seen lie from that mean, and no narrower than half of it. Time in which the machine slept is not filled in: it drew
// next to nothing then, and certainly not the mean.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "kernel/estimate.h"
#include "meter/recorder.h"

namespace wattline::meter {

// Fills in the missing time but for `slept` of it; energy, filled and filled_in are set. Nothing is done where nothing
// is covered, or less than a thousandth is missing.
void fill_gaps(ComponentEnergy&, Duration slept);

// A sum is as good as its worst part, unless that part cannot matter: what is modelled leaves a sum measured when it is
// under a hundredth of it and lies, with its own upper bound, within what the measured parts are unsure by.
class MixedSum {
 public:
  void add(const Estimate<Energy>&);
  void add(const ComponentEnergy&);
  Estimate<Energy> energy() const;
  Energy modelled() const;
  // Of the sum, 0..1; 0 where there is none.
  double modelled_share() const;

 private:
  std::optional<Estimate<Energy>> read_, modelled_;
};

// "0.003 %", "37 %", "under 0.001 %".
std::string share_in_words(double share);

}  // namespace wattline::meter
