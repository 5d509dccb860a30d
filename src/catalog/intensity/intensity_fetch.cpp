#include "catalog/intensity/intensity_fetch.h"

#include <algorithm>

#include <fmt/format.h>

namespace wattline::catalog {
namespace {

constexpr std::int64_t second_ns = 1'000'000'000, hour_ns = 3600 * second_ns;

Time hour_before(Time t) {
  const std::int64_t into = ((t.ns % hour_ns) + hour_ns) % hour_ns;
  return Time{t.ns - into};
}
Time hour_after(Time t) {
  const Time before = hour_before(t);
  return before == t ? t : Time{before.ns + hour_ns};
}

std::vector<IntensityGap> missing_of(const IntensitySeries& series, const FetchOrder& o, bool estimates) {
  std::vector<IntensityGap> out;
  for (const auto& w : o.wanted) {
    const auto holes = uncovered(series, w.begin, w.end, estimates);
    out.insert(out.end(), holes.begin(), holes.end());
  }
  return out;
}

// Of what came, what the series can take: new moments, figures for estimates and, with `replace`, other figures.
std::vector<IntensitySample> acceptable(const IntensitySeries& series, const std::vector<IntensitySample>& came,
                                        bool replace, std::int64_t& revised) {
  std::vector<IntensitySample> out;
  for (const auto& s : came) {
    const auto old = std::lower_bound(series.samples.begin(), series.samples.end(), s.begin,
                                      [](const IntensitySample& x, Time t) { return x.begin < t; });
    const bool contradicts = old != series.samples.end() && old->begin == s.begin && !old->estimated && !s.estimated &&
                             old->grams != s.grams;
    if (contradicts) ++revised;
    if (!contradicts || replace) out.push_back(s);
  }
  return out;
}

}  // namespace

std::vector<IntensityGap> windows_of(const std::vector<IntensityGap>& gaps, Duration longest) {
  const auto most = static_cast<std::int64_t>(longest.base()) * second_ns;
  std::vector<IntensityGap> out;
  for (const auto& gap : gaps) {
    Time begin = hour_before(gap.begin);
    const Time end = hour_after(gap.end);
    // The window before goes on as long as it may: one question for many gaps.
    if (!out.empty()) {
      IntensityGap& last = out.back();
      const Time reach{last.begin.ns + most};
      if (begin < reach) last.end = std::max(last.end, std::min(end, reach));
      begin = std::max(begin, last.end);
    }
    for (; begin < end; begin = Time{begin.ns + most}) out.push_back({begin, std::min(end, Time{begin.ns + most})});
  }
  return out;
}

std::vector<IntensityGap> questions_of(const IntensitySeries& series, const IntensityProvider& provider,
                                       const FetchOrder& order) {
  std::vector<IntensityGap> gaps = missing_of(series, order, order.refresh);
  for (auto& g : gaps) g.end = std::min(g.end, order.now);
  std::erase_if(gaps, [](const IntensityGap& g) { return g.end <= g.begin; });
  return windows_of(gaps, provider.longest_range());
}

FetchOutcome fetch_series(const IntensityStore& store, IntensityProvider& provider, const FetchOrder& order,
                          const std::function<void(double)>& progress) {
  FetchOutcome out;
  const auto stored = store.find(order.name);
  out.series = stored ? *stored : IntensitySeries{order.name, "", {}, {}};
  IntensityImport import{"asked over HTTP",
                         "",
                         provider.config().licence,
                         order.asked.zone,
                         "",
                         Time{order.now.ns / second_ns * second_ns},
                         0};
  // What the series could not take is not asked for.
  merge(out.series, provider.config().emissions, import, {}, false);
  const auto windows = questions_of(out.series, provider, order);
  IntensityFile all;
  for (std::size_t i = 0; i < windows.size() && !out.failure; ++i) {
    try {
      if (progress) progress(static_cast<double>(i) / static_cast<double>(windows.size()));
      ++out.questions;
      const IntensityFile came = provider.range(order.asked, windows[i].begin, windows[i].end);
      if (came.samples.empty()) continue;
      if (!all.samples.empty() && (came.model != all.model || came.step_ns != all.step_ns))
        throw world_error(fmt::format("the provider changed its model or step between {} and {}",
                                      to_string(windows[i - 1].begin), to_string(windows[i].begin)),
                          std::string(to_string(provider.config().name)), "ask for the rest once more");
      std::vector<IntensitySample> samples = std::move(all.samples);
      samples.insert(samples.end(), came.samples.begin(), came.samples.end());
      all = came;
      all.samples = std::move(samples);
    } catch (const Error& e) {
      out.failure = e;
    }
  }
  if (!all.samples.empty()) {
    const auto samples = acceptable(out.series, all.samples, order.replace, out.revised);
    import.source = all.source;
    import.model = all.model;
    import.step_ns = all.step_ns;
    out.merged = merge(out.series, all.emissions, import, samples, order.replace);
    if (out.merged.changed()) store.save(out.series);
  }
  if (out.failure && out.failure->kind() == ErrorKind::cancelled) throw *out.failure;
  out.missing = missing_of(out.series, order, false);
  return out;
}

}  // namespace wattline::catalog
