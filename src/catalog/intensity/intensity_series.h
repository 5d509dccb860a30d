// The carbon intensity of a place's electricity over time: samples that each hold from their beginning to the end
// of their step, of one kind and one basis.
//
// Kinds answer different questions and are never mixed: `average` is what the electricity that was used has on
// it (accounting, GHG Protocol scope 2); `marginal` is what one more kilowatt-hour at that moment causes
// (decisions). Basis: `location` is the physical grid, `market` a contract or residual mix.
//
// Units: gCO2e/kWh; times UTC. Nothing is extrapolated: what no sample covers is told apart.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/time.h"

namespace wattline::catalog {

enum class IntensityKind { average, marginal };
enum class IntensityBasis { location, market };
std::string_view to_string(IntensityKind);
std::string_view to_string(IntensityBasis);

// What a series is of. Series of other names are other series: none is ever taken for another.
struct IntensityName {
  std::string place;  // catalog code ("FR"), or a cloud region ("gcp/europe-west9")
  IntensityKind kind = IntensityKind::average;
  IntensityBasis basis = IntensityBasis::location;

  bool operator==(const IntensityName&) const = default;
};
std::string to_string(const IntensityName&);  // "FR average location"
std::string file_name(const IntensityName&);  // "FR.average.location.csv"

struct IntensitySample {
  Time begin;
  double grams = 0;  // per kWh
  bool estimated = false;  // by the source's own word, or a forecast
  std::uint32_t import = 0;  // which of the series' imports it came with

  bool operator==(const IntensitySample&) const = default;
};

// Where samples came from.
struct IntensityImport {
  std::string file;  // name of the file that was read
  std::string source, licence;
  std::string zone;  // the source's own name of the place, "" when it gives none
  std::string model;  // version of the source's model, "" when it gives none
  Time fetched;
  std::int64_t step_ns = 0;  // how long a sample holds, at most

  bool operator==(const IntensityImport&) const = default;
};

struct IntensitySeries {
  IntensityName name;
  std::string emissions;  // "lifecycle", "direct", or "" when the source does not say
  std::vector<IntensityImport> imports;
  std::vector<IntensitySample> samples;  // by time, no time twice

  Time end_of(std::size_t sample) const;  // where the sample stops to hold
};

// The mean over [begin, end), each moment alike; of a moment where both are one.
struct IntensityMean {
  double grams = 0;  // per kWh, over the covered part
  double covered = 0;  // share of the time, 0..1
  double estimated = 0;  // share of the covered time
};
IntensityMean mean_over(const IntensitySeries&, Time begin, Time end);

struct IntensityGap {
  Time begin, end;
};
// Between the first and the end of the last sample.
std::vector<IntensityGap> gaps(const IntensitySeries&);
Duration covered(const IntensitySeries&);
// What of [begin, end) no sample covers; with `estimates` also what only estimates cover. By time, adjoining ones as one.
std::vector<IntensityGap> uncovered(const IntensitySeries&, Time begin, Time end, bool estimates = false);

// Why no sample covers the moment: "the series ends at ...", "... has a gap from ... to ..."; "" when one does.
std::string why_uncovered(const IntensitySeries&, Time);

}  // namespace wattline::catalog
