#include "policy/check/range.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "policy/check/fields.h"

namespace wattline::policy {
namespace {

constexpr double infinite = std::numeric_limits<double>::infinity();

// What an input adds when its signal matches, and when not.
struct Share {
  double miss, low, high;
};

// The group of signals of which at most one matches; "" is none.
std::string group_of(const Policy& p, const std::string& type, const std::string& name) {
  for (const auto& projection : p.projections) {
    if (projection.kind != Projection::Kind::partition) continue;
    const auto members = texts_of(projection.fields, "members");
    if (std::find(members.begin(), members.end(), name) == members.end()) continue;
    // Members are named without their type: it must be one of all.
    const bool of_type = std::all_of(members.begin(), members.end(), [&](const auto& m) {
      return std::any_of(p.signals.begin(), p.signals.end(),
                         [&](const Signal& s) { return s.type == type && s.name == m; });
    });
    if (!of_type) continue;
    return "partition " + projection.name;
  }
  if (type == "complexity") return "complexity " + name.substr(0, name.rfind(':'));
  if (type == "language") return "language";
  return {};
}

Range sum(const Policy& p, const Projection& score, int depth) {
  const Json* inputs = score.fields.find("inputs");
  Range out{0, 0};
  std::map<std::string, std::vector<Share>> groups;
  if (depth > 20 || !inputs || !inputs->is_array()) return {};
  for (const auto& input : inputs->as_array()) {
    if (!input.is_object()) return {};
    const auto number = [&](const char* key, double otherwise) {
      const Json* v = input.find(key);
      return v && v->is_number() ? v->as_number() : otherwise;
    };
    const double weight = number("weight", 1);
    const std::string type = text_of(input, "type"), name = text_of(input, "name"),
                      source = text_of(input, "value_source");
    const auto inner = std::find_if(p.projections.begin(), p.projections.end(), [&](const Projection& o) {
      return o.kind == Projection::Kind::score && o.name == name;
    });
    Share share{};
    if (type == "projection" && inner != p.projections.end()) {
      const Range r = sum(p, *inner, depth + 1);
      out.low += weight == 0 ? 0 : std::min(weight * r.low, weight * r.high);
      out.high += weight == 0 ? 0 : std::max(weight * r.low, weight * r.high);
      continue;
    }
    if (type == "kb_metric" || source == "raw" || source == "score") {
      if (weight != 0) return {};
      continue;
    }
    if (source == "confidence") share = {0, std::min(0.0, weight), std::max(0.0, weight)};
    else share = {weight * number("miss", 0), weight * number("match", 1), weight * number("match", 1)};
    const std::string group = group_of(p, type, name);
    if (group.empty()) {
      out.low += std::min(share.miss, share.low);
      out.high += std::max(share.miss, share.high);
    } else {
      groups[group].push_back(share);
    }
  }
  for (const auto& [name, shares] : groups) {
    double all_miss = 0;
    for (const auto& s : shares) all_miss += s.miss;
    double low = all_miss, high = all_miss;
    for (const auto& s : shares) {
      low = std::min(low, all_miss - s.miss + s.low);
      high = std::max(high, all_miss - s.miss + s.high);
    }
    out.low += low;
    out.high += high;
  }
  return out;
}

}  // namespace

Range common(const Range& a, const Range& b) {
  Range out;
  out.low = std::max(a.low, b.low);
  out.low_in = (a.low < out.low || a.low_in) && (b.low < out.low || b.low_in);
  out.high = std::min(a.high, b.high);
  out.high_in = (a.high > out.high || a.high_in) && (b.high > out.high || b.high_in);
  return out;
}

std::string to_string(const Range& r) {
  const bool from = std::isinf(r.low), to = std::isinf(r.high);
  return fmt::format("{}{}, {}{}", r.low_in && !from ? '[' : '(', from ? "-∞" : fmt::format("{:.6g}", r.low),
                     to ? "∞" : fmt::format("{:.6g}", r.high), r.high_in && !to ? ']' : ')');
}

Range range_of(const Json& bounds, bool positive) {
  Range out;
  bool given = false;
  const auto take = [&](const char* key, const Range& r) {
    const Json* v = bounds.find(key);
    if (!v || !v->is_number()) return;
    given = true;
    Range own = r;
    const double n = v->as_number();
    if (!std::isinf(r.low) || r.low > 0) own.low = n;
    if (!std::isinf(r.high) || r.high < 0) own.high = n;
    out = common(out, own);
  };
  take("gt", {0, infinite, false, true});
  take("gte", {0, infinite, true, true});
  take("lt", {-infinite, 0, true, false});
  take("lte", {-infinite, 0, true, true});
  take("eq", {0, 0, true, true});
  if (!given && positive) out = {0, infinite, false, true};
  return out;
}

std::vector<double> pieces(const std::vector<Range>& ranges, const Range& within, bool whole) {
  std::vector<double> cuts;
  const auto cut = [&](double v) {
    if (std::isfinite(v)) cuts.push_back(v);
  };
  for (const auto& r : ranges) cut(r.low), cut(r.high);
  cut(within.low);
  cut(within.high);
  std::sort(cuts.begin(), cuts.end());
  cuts.erase(std::unique(cuts.begin(), cuts.end()), cuts.end());
  std::vector<double> values;
  if (cuts.empty()) values.push_back(0);
  for (std::size_t i = 0; i < cuts.size(); ++i) {
    if (i == 0) values.push_back(std::floor(cuts[0]) - 1);
    values.push_back(cuts[i]);
    const bool last = i + 1 == cuts.size();
    if (whole) values.push_back(std::floor(cuts[i]) + 1);
    else values.push_back(last ? cuts[i] + 1 : (cuts[i] + cuts[i + 1]) / 2);
  }
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  // Two that no range tells apart are one piece.
  std::vector<double> out;
  std::vector<std::vector<bool>> seen;
  for (const double v : values) {
    if (!within.holds(v) || (whole && v != std::floor(v))) continue;
    std::vector<bool> in;
    for (const auto& r : ranges) in.push_back(r.holds(v));
    if (std::find(seen.begin(), seen.end(), in) != seen.end()) continue;
    seen.push_back(std::move(in));
    out.push_back(v);
  }
  return out;
}

Range attainable(const Policy& p, const Projection& score) { return sum(p, score, 0); }

}  // namespace wattline::policy
