// What the readers of cloud bills share: a rented machine's hours to a fact.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "ledger/imports/instances.h"
#include "ledger/imports/reading.h"

namespace wattline::ledger::imports {

class Bill {
 public:
  Bill(Sheet& s, Reading& r, std::string provider);

  // Leaves the row out, counted.
  std::nullopt_t left_out(std::string_view why);
  // The instance of that name; nullptr: not known, and to be left out. Error as the options have it.
  const Instance* instance(Sheet&, int column, std::string_view name);
  // "aws/eu-west-1" of a region's name; the place of the options where there is none or it is not known.
  std::string place(Sheet&, int column, std::string_view region);
  // A fact of `power` over `time`, with the usual labels.
  Fact fact(Sheet&, const Estimate<Power>& power, Duration time, Time begin, Time end);
  // Hours of a row; no more of one machine than... are checked by the reader.
  Reading& reading() { return reading_; }
  Instances& instances() { return instances_; }
  const std::string& provider() const { return provider_; }

 private:
  Reading& reading_;
  std::string provider_;
  Instances instances_;
  LabelColumns labels_;
};

}  // namespace wattline::ledger::imports
