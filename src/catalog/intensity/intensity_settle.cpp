#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "catalog/intensity/intensity_readers.h"
#include "kernel/error.h"

namespace wattline::catalog {
namespace {

// Beyond these a file is in another unit than it says: the dirtiest fuels make some 1.2 kg a kilowatt-hour.
constexpr double most_grams = 5000, least_marginal_grams = -5000;

std::int64_t median_step(const std::vector<IntensitySample>& samples) {
  std::vector<std::int64_t> steps;
  for (std::size_t i = 1; i < samples.size(); ++i) steps.push_back(samples[i].begin.ns - samples[i - 1].begin.ns);
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>((steps.size() - 1) / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

}  // namespace

void settle(IntensityFile& file, std::string_view where, const std::vector<std::size_t>& rows,
            std::string_view row_name, bool may_be_empty) {
  const auto place = [&](std::size_t i) { return fmt::format("{}:{}{}", where, row_name, rows[i]); };
  if (file.samples.empty() && may_be_empty) return;
  if (file.samples.empty())
    throw bad_input(file.empty ? fmt::format("has {} moments and no value", file.empty) : "has no values",
                    std::string(where));
  std::vector<std::size_t> order(file.samples.size());
  std::iota(order.begin(), order.end(), 0u);
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return file.samples[a].begin < file.samples[b].begin; });
  std::vector<IntensitySample> sorted;
  sorted.reserve(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    const IntensitySample& s = file.samples[order[k]];
    const double least = file.kind == IntensityKind::average ? 0 : least_marginal_grams;
    if (!std::isfinite(s.grams) || s.grams < least || s.grams > most_grams)
      throw bad_input(
          fmt::format("{:.6g} gCO2e/kWh at {}; {} to {} is allowed", s.grams, to_string(s.begin), least, most_grams),
          place(order[k]), "no grid makes that: is the unit right?");
    if (!sorted.empty() && sorted.back().begin == s.begin) {
      if (sorted.back().grams != s.grams)
        throw bad_input(fmt::format("{} has two values, {:.6g} (row {}) and {:.6g} gCO2e/kWh", to_string(s.begin),
                                    sorted.back().grams, rows[order[k - 1]], s.grams),
                        place(order[k]),
                        "local times repeat an hour when the clocks go back: write UTC, or the offset (+02:00)");
      sorted.back().estimated = sorted.back().estimated && s.estimated;
      ++file.repeated;
      continue;
    }
    sorted.push_back(s);
  }
  file.samples = std::move(sorted);
  if (file.step_ns == 0) file.step_ns = median_step(file.samples);
}

IntensityFile read_intensity(IntensityFormat format, std::string_view text, std::string_view where,
                             const IntensityCsvOptions& csv) {
  if (format == IntensityFormat::automatic) {
    const auto first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    if (first == std::string_view::npos || (text[first] != '{' && text[first] != '[')) format = IntensityFormat::csv;
    else
      format = text.find("\"point_time\"") != std::string_view::npos ? IntensityFormat::watttime
                                                                     : IntensityFormat::electricity_maps;
  }
  if (format == IntensityFormat::electricity_maps) return read_electricity_maps(text, where);
  if (format == IntensityFormat::watttime) return read_watttime(text, where);
  return read_intensity_csv(text, where, csv);
}

}  // namespace wattline::catalog
