// Readers of files with carbon intensities as their makers write them: CSV, Electricity Maps JSON (latest, history,
// past, past-range, forecast) and WattTime v3 JSON (historical, forecast). Pure: text in, samples out.
//
// Errors: bad_input with the row or the member, what was found and what is allowed. Nothing is guessed: a file that
// does not say its unit, or is of a thing that is no intensity (WattTime's signal index), is refused.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/intensity/intensity_series.h"

namespace wattline::catalog {

enum class IntensityFormat { automatic, csv, electricity_maps, watttime };

// What a file holds. Facts that it does not state are absent, and the importer asks for them.
struct IntensityFile {
  IntensityFormat format = IntensityFormat::csv;
  std::optional<IntensityKind> kind;
  std::string emissions;  // "lifecycle", "direct", ""
  std::string zone, model, source, licence;
  std::vector<IntensitySample> samples;  // by time, no time twice
  std::int64_t step_ns = 0;  // how long a sample holds; 0: the file does not tell
  std::int64_t repeated = 0;  // the same moment with the same value again: dropped
  std::int64_t empty = 0;  // moments without a value: gaps
};

struct IntensityCsvOptions {
  std::string column;  // with the values; "": the first after the time
  std::string unit;  // of the values where the header names none
};

// The time column is named time, date, datetime, timestamp ... or is the first; times without a zone are UTC.
// Units: carbon or mass per energy, in the header in brackets, or as given.
IntensityFile read_intensity_csv(std::string_view text, std::string_view where, const IntensityCsvOptions& = {});
// carbonIntensity is gCO2eq/kWh by the API's documentation, and is an average.
// A file without a value is refused unless it may be empty.
IntensityFile read_electricity_maps(std::string_view json, std::string_view where, bool may_be_empty = false);
// co2_moer is marginal, co2_aoer average; lbs_co2_per_mwh becomes g/kWh by 453.592/1000. Moments after
// meta.generated_at are a forecast, and estimated.
IntensityFile read_watttime(std::string_view json, std::string_view where, bool may_be_empty = false);
// By the format, or what the text looks like.
IntensityFile read_intensity(IntensityFormat, std::string_view text, std::string_view where,
                             const IntensityCsvOptions& = {});

// What all readers end with: order, repeats (bad_input when one moment has two values), the step, and values that
// no grid has. `rows` says where each sample stands, for errors.
void settle(IntensityFile&, std::string_view where, const std::vector<std::size_t>& rows, std::string_view row_name,
            bool may_be_empty = false);

}  // namespace wattline::catalog
