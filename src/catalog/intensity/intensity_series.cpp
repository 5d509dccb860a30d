#include "catalog/intensity/intensity_series.h"

#include <algorithm>

#include <fmt/format.h>

namespace wattline::catalog {

std::string_view to_string(IntensityKind k) { return k == IntensityKind::average ? "average" : "marginal"; }
std::string_view to_string(IntensityBasis b) { return b == IntensityBasis::location ? "location" : "market"; }

std::string to_string(const IntensityName& n) {
  return fmt::format("{} {} {}", n.place, to_string(n.kind), to_string(n.basis));
}

std::string file_name(const IntensityName& n) {
  std::string place = n.place;
  std::replace(place.begin(), place.end(), '/', '_');
  return fmt::format("{}.{}.{}.csv", place, to_string(n.kind), to_string(n.basis));
}

Time IntensitySeries::end_of(std::size_t i) const {
  const IntensitySample& s = samples[i];
  const std::int64_t step = imports[s.import].step_ns;
  // Near the end of what an int64 holds there is nothing to add to.
  const std::int64_t end = s.begin.ns > INT64_MAX - step ? INT64_MAX : s.begin.ns + step;
  return Time{i + 1 < samples.size() ? std::min(end, samples[i + 1].begin.ns) : end};
}

namespace {

// The last sample that begins at or before the moment; samples.size() when none does.
std::size_t sample_before(const IntensitySeries& s, Time at) {
  const auto after = std::upper_bound(s.samples.begin(), s.samples.end(), at,
                                      [](Time t, const IntensitySample& x) { return t < x.begin; });
  return after == s.samples.begin() ? s.samples.size() : static_cast<std::size_t>(after - s.samples.begin()) - 1;
}

double seconds(Time begin, Time end) { return (static_cast<double>(end.ns) - static_cast<double>(begin.ns)) * 1e-9; }

}  // namespace

IntensityMean mean_over(const IntensitySeries& s, Time begin, Time end) {
  IntensityMean out;
  std::size_t i = sample_before(s, begin);
  if (end <= begin) {
    if (i == s.samples.size() || s.end_of(i) <= begin) return out;
    return {s.samples[i].grams, 1, s.samples[i].estimated ? 1.0 : 0.0};
  }
  if (i == s.samples.size()) i = 0;
  double sum = 0, held = 0, estimated = 0;
  for (; i < s.samples.size() && s.samples[i].begin < end; ++i) {
    const Time from = std::max(begin, s.samples[i].begin), to = std::min(end, s.end_of(i));
    if (to <= from) continue;
    const double t = seconds(from, to);
    sum += s.samples[i].grams * t;
    held += t;
    if (s.samples[i].estimated) estimated += t;
  }
  if (!(held > 0)) return out;
  return {sum / held, std::min(1.0, held / seconds(begin, end)), estimated / held};
}

std::vector<IntensityGap> gaps(const IntensitySeries& s) {
  std::vector<IntensityGap> out;
  for (std::size_t i = 0; i + 1 < s.samples.size(); ++i)
    if (const Time end = s.end_of(i); end < s.samples[i + 1].begin) out.push_back({end, s.samples[i + 1].begin});
  return out;
}

Duration covered(const IntensitySeries& s) {
  double out = 0;
  for (std::size_t i = 0; i < s.samples.size(); ++i) out += seconds(s.samples[i].begin, s.end_of(i));
  return Duration(out);
}

std::vector<IntensityGap> uncovered(const IntensitySeries& s, Time begin, Time end, bool estimates) {
  std::vector<IntensityGap> out;
  Time known = begin;  // covered up to here
  std::size_t i = sample_before(s, begin);
  if (i == s.samples.size()) i = 0;
  for (; i < s.samples.size() && s.samples[i].begin < end; ++i) {
    if (estimates && s.samples[i].estimated) continue;
    const Time to = s.end_of(i);
    if (to <= known) continue;
    if (s.samples[i].begin > known) out.push_back({known, s.samples[i].begin});
    known = to;
  }
  if (known < end) out.push_back({known, end});
  return out;
}

std::string why_uncovered(const IntensitySeries& s, Time at) {
  if (s.samples.empty()) return fmt::format("the series {} is empty", to_string(s.name));
  const std::size_t i = sample_before(s, at);
  if (i == s.samples.size())
    return fmt::format("the series {} begins at {}", to_string(s.name), to_string(s.samples.front().begin));
  const Time end = s.end_of(i);
  if (at < end) return "";
  if (i + 1 == s.samples.size()) return fmt::format("the series {} ends at {}", to_string(s.name), to_string(end));
  return fmt::format("the series {} has a gap from {} to {}", to_string(s.name), to_string(end),
                     to_string(s.samples[i + 1].begin));
}

}  // namespace wattline::catalog
