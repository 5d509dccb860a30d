#include "meter/averaging/boxcar.h"

#include <algorithm>
#include <cmath>

namespace wattline::meter {
namespace {

// The integral of a series from its start, asked at any instant.
class Cumulated {
 public:
  explicit Cumulated(const Series& s) : s_(s) {
    sums_.reserve(s.size());
    for (std::size_t i = 0; i < s.size(); ++i)
      sums_.push_back(
          i == 0 ? 0 : sums_.back() + 0.5 * (s.values[i] + s.values[i - 1]) * (s.times[i] - s.times[i - 1]).base());
  }
  double at(Time t) const {
    const auto next = std::upper_bound(s_.times.begin(), s_.times.end(), t);
    if (next == s_.times.begin()) return 0;
    const auto i = static_cast<std::size_t>(next - s_.times.begin());
    if (i >= s_.size()) return sums_.back();
    const double x = (t - s_.times[i - 1]).base(), step = (s_.times[i] - s_.times[i - 1]).base();
    const double value = s_.values[i - 1] + (s_.values[i] - s_.values[i - 1]) * (step > 0 ? x / step : 0);
    return sums_[i - 1] + 0.5 * (s_.values[i - 1] + value) * x;
  }
  double mean(Time end, Duration window) const { return (at(end) - at(end + window * -1.0)) / window.base(); }

 private:
  const Series& s_;
  std::vector<double> sums_;
};

std::vector<Duration> windows(Duration longest) {
  std::vector<Duration> out;
  for (double ms = 5; ms * 1e-3 <= longest.base(); ms += ms < 60 ? 5 : ms < 200 ? 20 : 100)
    out.push_back(Duration(ms * 1e-3));
  return out;
}

}  // namespace

std::vector<Renewal> renewals(const Series& s) {
  std::vector<Renewal> out;
  std::optional<std::size_t> last;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (!std::isfinite(s.values[i])) continue;
    if (last && s.values[i] != s.values[*last] && s.times[i] > s.times[*last])
      out.push_back({Time{s.times[*last].ns + (s.times[i].ns - s.times[*last].ns) / 2}, s.values[i]});
    last = i;
  }
  return out;
}

Series square_load(const std::vector<Time>& edges, Time begin, Time end) {
  Series out;
  double level = 0;
  out.add(begin, level);
  for (const Time edge : edges) {
    if (edge < begin || edge > end) continue;
    out.add(edge, level);
    level = 1 - level;
    out.add(Time{edge.ns + 1}, level);
  }
  out.add(end, level);
  return out;
}

std::vector<Boxcar> find_boxcars(const std::vector<Renewal>& all, const Series& reference, Duration longest) {
  std::vector<Boxcar> out;
  if (reference.size() < 2) return out;
  const Cumulated sum(reference);
  const Duration latest(0.04);
  std::vector<Renewal> inside;
  for (const auto& r : all)
    if (r.at + latest * -1.0 > reference.times.front() + longest && r.at + Duration(0.02) < reference.times.back())
      inside.push_back(r);
  if (inside.size() < 8) return out;
  const double n = static_cast<double>(inside.size());
  double mean_y = 0, square_y = 0;
  for (const auto& r : inside) mean_y += r.watts / n;
  for (const auto& r : inside) square_y += (r.watts - mean_y) * (r.watts - mean_y);
  if (!(square_y > 0)) return out;
  for (const Duration window : windows(longest))
    for (double lag = -0.02; lag <= latest.base() + 1e-9; lag += 0.005) {
      std::vector<double> x;
      x.reserve(inside.size());
      double mean_x = 0, square_x = 0, both = 0;
      for (const auto& r : inside) {
        x.push_back(sum.mean(r.at + Duration(-lag), window));
        mean_x += x.back() / n;
      }
      for (std::size_t i = 0; i < x.size(); ++i) {
        square_x += (x[i] - mean_x) * (x[i] - mean_x);
        both += (x[i] - mean_x) * (inside[i].watts - mean_y);
      }
      if (!(square_x > 1e-12) || !(both > 0)) continue;  // a reading that falls with the power is none of it
      const double gain = both / square_x;
      out.push_back({window, Duration(lag), gain, mean_y - gain * mean_x, 1 - both * both / (square_x * square_y)});
    }
  std::sort(out.begin(), out.end(), [](const Boxcar& a, const Boxcar& b) { return a.loss < b.loss; });
  if (!out.empty()) {
    const double most = out.front().loss * 2 + 1e-9;
    std::erase_if(out, [&](const Boxcar& b) { return b.loss > most; });
  }
  return out;
}

}  // namespace wattline::meter
