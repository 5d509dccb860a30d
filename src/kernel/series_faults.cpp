#include <algorithm>
#include <map>
#include <numeric>

#include "kernel/series.h"
#include "kernel/series_steps.h"

namespace wattline {
namespace detail {

bool in_order(const Series& s) {
  return std::adjacent_find(s.times.begin(), s.times.end(), std::greater_equal<>()) == s.times.end();
}

std::int64_t median_step_ns(const Series& s) {
  constexpr std::size_t exact = std::size_t{1} << 18, picked = std::size_t{1} << 15;
  std::vector<std::int64_t> steps;
  const auto take = [&](std::size_t i) {
    if (const std::int64_t d = step_ns(s.times[i], s.times[i + 1]); d > 0) steps.push_back(d);
  };
  if (s.size() < 2) return 0;
  const std::size_t count = s.size() - 1;
  if (count <= exact) {
    for (std::size_t i = 0; i < count; ++i) take(i);
  } else {
    // The golden ratio spreads the picks evenly without falling into step with periodic records.
    std::uint64_t phase = 0;
    for (std::size_t k = 0; k < picked; ++k, phase += 0x9E3779B97F4A7C15u)
      take(static_cast<std::size_t>(static_cast<double>(phase >> 11) * 0x1p-53 * static_cast<double>(count)));
  }
  if (steps.empty()) return 0;
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>((steps.size() - 1) / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

}  // namespace detail

SeriesFaults find_faults(const Series& raw, double gap_factor) {
  SeriesFaults faults;
  for (std::size_t i = 1; i < raw.size(); ++i) {
    if (raw.times[i] < raw.times[i - 1]) faults.backward_steps.push_back(raw.times[i]);
    if (raw.times[i] == raw.times[i - 1]) faults.duplicates.push_back(raw.times[i]);
  }
  const detail::Ordered ordered(raw);
  const Series& s = *ordered;
  const std::int64_t median = detail::median_step_ns(s);
  faults.median_step = Duration(detail::seconds(median));
  const double limit = detail::gap_limit_ns(median, gap_factor);
  const auto add = [&](Time begin, Time end) {
    // A gap of NaNs is one gap, not one for each step of it.
    if (!faults.gaps.empty() && faults.gaps.back().end == begin && begin != end) {
      const std::size_t at =
          static_cast<std::size_t>(std::lower_bound(s.times.begin(), s.times.end(), begin) - s.times.begin());
      if (std::isnan(s.values[at])) {
        faults.gaps.back().end = end;
        return;
      }
    }
    faults.gaps.push_back({begin, end});
  };
  if (s.size() == 1 && std::isnan(s.values[0])) add(s.times[0], s.times[0]);
  for (std::size_t i = 0; i + 1 < s.size(); ++i)
    if (detail::is_gap(s, i, limit)) add(s.times[i], s.times[i + 1]);
  return faults;
}

namespace {

// Which samples stand: the record is cut where the clock steps back, and each later piece replaces
// what earlier pieces said of the time that it spans. Pieces of one sample (a record sorted newest
// first) so replace nothing but their own instant.
std::vector<std::size_t> standing(const Series& s) {
  std::vector<std::size_t> starts{0};
  for (std::size_t i = 1; i < s.size(); ++i)
    if (s.times[i] < s.times[i - 1]) starts.push_back(i);
  starts.push_back(s.size());

  std::map<Time, Time> spans;  // begin -> end, disjoint: time that later pieces have told
  std::vector<std::size_t> kept;
  kept.reserve(s.size());
  for (std::size_t piece = starts.size() - 1; piece-- > 0;) {
    for (std::size_t i = starts[piece]; i < starts[piece + 1]; ++i) {
      const auto after = spans.upper_bound(s.times[i]);
      if (after == spans.begin() || std::prev(after)->second < s.times[i]) kept.push_back(i);
    }
    Time begin = s.times[starts[piece]], end = s.times[starts[piece + 1] - 1];
    auto it = spans.upper_bound(begin);
    if (it != spans.begin() && std::prev(it)->second >= begin) --it;
    while (it != spans.end() && it->first <= end) {
      begin = std::min(begin, it->first);
      end = std::max(end, it->second);
      it = spans.erase(it);
    }
    spans.emplace(begin, end);
  }
  std::sort(kept.begin(), kept.end(),
            [&](std::size_t a, std::size_t b) { return s.times[a] != s.times[b] ? s.times[a] < s.times[b] : a < b; });
  return kept;
}

}  // namespace

Series cleaned(const Series& s) {
  if (detail::in_order(s)) return s;
  Series out;
  out.name = s.name;
  out.unit = s.unit;
  const std::vector<std::size_t> kept = standing(s);
  out.times.reserve(kept.size());
  out.values.reserve(kept.size());
  for (std::size_t i = 0; i < kept.size();) {
    const Time at = s.times[kept[i]];
    double sum = 0;
    std::size_t known = 0;
    for (; i < kept.size() && s.times[kept[i]] == at; ++i)
      if (const double v = s.values[kept[i]]; !std::isnan(v)) {
        sum += v;
        ++known;
      }
    out.add(at, known > 0 ? sum / static_cast<double>(known) : std::nan(""));
  }
  return out;
}

}  // namespace wattline
