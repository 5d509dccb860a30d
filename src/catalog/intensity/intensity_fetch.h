// Brings what is missing of a series from a provider into the folder of series: only hours that are not there are
// asked for, in as few questions as the provider allows, and what was got before something failed is kept.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "catalog/intensity/intensity_store.h"
#include "catalog/intensity/provider.h"
#include "kernel/error.h"

namespace wattline::catalog {

struct FetchOrder {
  IntensityName name;  // the series
  ZoneAsked asked;
  std::vector<IntensityGap> wanted;  // the times, whole hours or not
  bool refresh = false;  // also hours that only an estimate is known of
  bool replace = false;  // take the provider's new figures where they contradict those that are there
  Time now;  // nothing later is asked for
};

struct FetchOutcome {
  IntensityMerge merged;
  std::int64_t questions = 0;
  std::int64_t revised = 0;  // figures that are there and that the provider has others for now
  std::vector<IntensityGap> missing;  // of what was wanted, after all
  std::optional<Error> failure;  // why the rest was not had
  IntensitySeries series;  // as it stands now
};

// The questions that cover all gaps: windows of whole hours, none longer than `longest`, as few as can be.
std::vector<IntensityGap> windows_of(const std::vector<IntensityGap>& gaps, Duration longest);

// What would be asked for, given what is there.
std::vector<IntensityGap> questions_of(const IntensitySeries&, const IntensityProvider&, const FetchOrder&);

// Throws for what concerns the folder, and cancelled; what the provider does wrong is `failure`.
FetchOutcome fetch_series(const IntensityStore&, IntensityProvider&, const FetchOrder&,
                          const std::function<void(double)>& progress = {});

}  // namespace wattline::catalog
