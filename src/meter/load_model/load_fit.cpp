#include "meter/load_model/load_fit.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "meter/traces/integrate.h"

namespace wattline::meter {
namespace {

using physics::curve_points;
using physics::LoadKind;
using Curve = std::array<double, curve_points>;

const Column* find(const Table& t, std::initializer_list<const char*> names) {
  for (const char* name : names)
    if (const Column* c = t.find(name); c && (c->kind == ColumnKind::number || c->kind == ColumnKind::integer))
      return c;
  return nullptr;
}

LoadKind kind_of(const std::string& text, LoadKind if_unknown) {
  if (text == "all_cores" || text == "spread") return LoadKind::spread;
  if (text == "some_cores" || text == "packed") return LoadKind::packed;
  return if_unknown;
}

std::vector<LoadPoint> of_trace(std::string_view content, std::string_view where, LoadKind kind) {
  const PowerTrace trace = read_power_trace(content, where);
  if (trace.load.size() == 0)
    throw bad_input("the trace has no load", std::string(where),
                    "`wattline meter record` writes one; or give a table with columns load [%] and power [W]");
  const Series power = total_power(trace);
  std::vector<LoadPoint> out;
  std::size_t at = 0;
  for (std::size_t i = 0; i < power.size(); ++i) {
    while (at + 1 < trace.load.size() && trace.load.times[at + 1] <= power.times[i]) ++at;
    if (trace.load.times[at] > power.times[i] || !std::isfinite(power.values[i])) continue;
    out.push_back({trace.load.values[at], power.values[i], kind});
  }
  return out;
}

// Solves the symmetric system in place; a row without anything stays 0.
Curve solved(std::array<std::array<double, curve_points + 1>, curve_points> m) {
  constexpr std::size_t n = curve_points;
  for (std::size_t i = 0; i < n; ++i) {
    std::size_t pivot = i;
    for (std::size_t r = i + 1; r < n; ++r)
      if (std::abs(m[r][i]) > std::abs(m[pivot][i])) pivot = r;
    std::swap(m[i], m[pivot]);
    if (std::abs(m[i][i]) < 1e-12) continue;
    for (std::size_t r = 0; r < n; ++r) {
      if (r == i) continue;
      const double f = m[r][i] / m[i][i];
      for (std::size_t c = i; c <= n; ++c) m[r][c] -= f * m[i][c];
    }
  }
  Curve out{};
  for (std::size_t i = 0; i < n; ++i) out[i] = std::abs(m[i][i]) < 1e-12 ? 0 : std::max(0.0, m[i][n] / m[i][i]);
  return out;
}

Curve fitted(const std::vector<LoadPoint>& points) {
  constexpr std::size_t n = curve_points;
  std::array<std::array<double, n + 1>, n> m{};
  for (const auto& p : points) {
    const double x = std::clamp(p.load, 0.0, 1.0) * (n - 1);
    const auto i = std::min(static_cast<std::size_t>(x), n - 2);
    const double b = x - static_cast<double>(i), a = 1 - b;
    m[i][i] += a * a;
    m[i][i + 1] += a * b;
    m[i + 1][i] += a * b;
    m[i + 1][i + 1] += b * b;
    m[i][n] += a * p.watts;
    m[i + 1][n] += b * p.watts;
  }
  // Bends cost a little: loads without points follow their neighbours.
  const double smooth = 0.02 * static_cast<double>(points.size()) / n;
  for (std::size_t i = 1; i + 1 < n; ++i) {
    const double d[3] = {1, -2, 1};
    for (std::size_t r = 0; r < 3; ++r)
      for (std::size_t c = 0; c < 3; ++c) m[i - 1 + r][i - 1 + c] += smooth * d[r] * d[c];
  }
  return solved(m);
}

double off(const Curve& curve, const LoadPoint& p) { return std::abs(physics::curve_at(curve, p.load) / p.watts - 1); }

}  // namespace

std::vector<LoadPoint> read_load_points(std::string_view content, std::string_view where, LoadKind if_unknown) {
  const Table t = read_csv(content, where);
  const Column* type = t.find("load_type");
  if (!type && t.find("component")) return of_trace(content, where, if_unknown);
  const Column* load = find(t, {"load", "cpu_load", "cpu_utilization"});
  const Column* energy = find(t, {"rapl_energy", "energy"});
  const Column* duration = find(t, {"duration"});
  const Column* power = find(t, {"power", "rapl_power", "watts", "power_w"});
  if (!load || (!(energy && duration) && !power))
    throw bad_input(
        fmt::format("no {} found", load ? "power" : "load"), std::string(where),
        "columns load [%] and power [W] (or energy and duration) are needed, or what `meter record` writes");
  std::vector<LoadPoint> out;
  const auto loads = load->to_numbers();
  const bool by_energy = energy && duration;
  const auto watts = by_energy ? energy->to_numbers() : power->to_numbers();
  const auto seconds = by_energy ? duration->to_numbers() : std::vector<double>();
  // rapl_energy is in kWh; energy in J where it does not say otherwise.
  const double scale = !by_energy ? 1 : energy->name == "rapl_energy" || energy->unit == "kWh" ? 3.6e6 : 1;
  for (std::size_t i = 0; i < t.rows(); ++i) {
    LoadPoint p;
    p.load = loads[i] / 100;
    p.watts = by_energy ? watts[i] * scale / seconds[i] : watts[i];
    p.kind = type && type->kind == ColumnKind::text ? kind_of(type->texts()[i], if_unknown) : if_unknown;
    out.push_back(p);
  }
  return out;
}

std::vector<LoadFit> fit_load_curves(const std::vector<LoadPoint>& all, std::string_view where) {
  std::vector<LoadFit> out;
  for (const LoadKind kind : {LoadKind::spread, LoadKind::packed}) {
    std::vector<LoadPoint> mine, others;
    for (const auto& p : all) {
      if (!(p.load >= 0) || p.load > 1.05 || !(p.watts > 0) || !std::isfinite(p.watts)) continue;
      (p.kind == kind ? mine : others).push_back(p);
    }
    if (mine.empty()) continue;
    const auto by_load = [](const LoadPoint& a, const LoadPoint& b) { return a.load < b.load; };
    std::sort(mine.begin(), mine.end(), by_load);
    if (mine.size() < 6 || mine.front().load > 0.15 || mine.back().load < 0.85)
      throw bad_input(
          fmt::format("{} points of {} loads from {:.0f} to {:.0f} %; six or more from 15 % or less to 85 % or more "
                      "are needed",
                      mine.size(), to_string(kind), mine.front().load * 100, mine.back().load * 100),
          std::string(where), "record while the machine goes from idle to every thread busy");
    LoadFit f;
    f.kind = kind;
    f.points = mine.size();
    f.watts = fitted(mine);
    if (!(f.watts.back() > f.watts.front()))
      throw bad_input(fmt::format("the power does not rise with the load: {:.1f} W idle, {:.1f} W at full load",
                                  f.watts.front(), f.watts.back()),
                      std::string(where), "load and power may lie on different clocks: `wattline meter align`");
    // Left out in turn: a tenth of the loads each time, or each point where there are few.
    std::vector<double> errors;
    const std::size_t folds = std::min<std::size_t>(mine.size(), mine.size() > 30 ? 10 : mine.size());
    for (std::size_t k = 0; k < folds; ++k) {
      std::vector<LoadPoint> rest, left;
      for (std::size_t i = 0; i < mine.size(); ++i) (i * folds / mine.size() == k ? left : rest).push_back(mine[i]);
      // The ends of the curve cannot be told from its middle.
      if (rest.size() < 4 || left.front().load < rest.front().load || left.back().load > rest.back().load) continue;
      const Curve curve = fitted(rest);
      for (const auto& p : left) errors.push_back(off(curve, p));
    }
    std::sort(errors.begin(), errors.end());
    for (const double e : errors) f.error += e / static_cast<double>(errors.size());
    if (!errors.empty())
      f.error_95 =
          errors[std::min(errors.size() - 1, static_cast<std::size_t>(0.95 * static_cast<double>(errors.size())))];
    if (!others.empty()) {
      double sum = 0;
      for (const auto& p : others) sum += off(f.watts, p);
      f.across = sum / static_cast<double>(others.size());
    }
    out.push_back(f);
  }
  if (out.empty()) throw bad_input("no point with a load and a power", std::string(where));
  return out;
}

}  // namespace wattline::meter
