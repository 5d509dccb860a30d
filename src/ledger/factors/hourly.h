// The carbon intensity of the hours in which energy was used, from the average, location-based series of
// catalog/intensity: where one covers the time, it takes the place of the yearly figure; what it does not cover, and
// why, is told.
//
// Rows come as sums by the hour of their end. A single row's energy is spread evenly over its time from begin to end;
// rows that were added up are taken at the hour of their end, from the first that begins in it to the last that ends.
// The series state no uncertainty: theirs is taken as large, relative to the value, as that of the place's yearly
// figure (modelled).
#pragma once

#include <map>
#include <memory>
#include <string>

#include "catalog/intensity/intensity_store.h"
#include "kernel/result.h"
#include "ledger/impacts.h"
#include "ledger/rollup.h"

namespace wattline::ledger {

class HourlyIntensity {
 public:
  // `place`: that of rows that name none; may be empty.
  HourlyIntensity(const catalog::Catalog& catalog, catalog::IntensityStore store, std::string place)
      : catalog_(catalog), store_(std::move(store)), place_(std::move(place)) {}

  // Why hours of a place, as rows name it, could not be had from a provider: told with what is not covered.
  void not_had(const std::string& place, std::string why) { not_had_[place] = std::move(why); }

  // What the sum's hours had. `counted`: in the account of coverage that `tell` gives.
  HourlyShare of(const Subtotal&, bool counted = true);

  // The table of coverage by place, warnings and the series used.
  void tell(Result&, Grids&) const;
  double covered() const;  // share of the counted energy, 0..1
  // Error unless all of the counted energy is covered.
  void require_all() const;

 private:
  struct Books {
    double joules = 0, covered = 0, grams = 0, estimated = 0;  // grams: sum of covered joules times g/kWh
    std::map<std::string, double> why_not;  // joules by reason
  };
  struct Known {
    std::shared_ptr<const catalog::IntensitySeries> series;
    std::string why_none;
  };
  const Known& known(const std::string& place);

  const catalog::Catalog& catalog_;
  catalog::IntensityStore store_;
  std::string place_;
  std::map<std::string, Known> known_;
  std::string reason(const std::string& place, const std::string& why) const;

  std::map<std::string, std::string> not_had_;
  std::map<std::string, Books> books_;  // by place as rows name it
  std::int64_t early_ = 0;  // rows added up that may have begun before the hour they are taken at
};

}  // namespace wattline::ledger
