// Projections: bands against each other and against what their score can reach.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "policy/check/fields.h"
#include "policy/check/scope.h"

namespace wattline::policy {
namespace {

struct Band {
  std::string name;
  Range range;
};

void check_pairs(Scope& s, const Projection& m, const std::vector<Band>& bands) {
  for (std::size_t i = 0; i < bands.size(); ++i)
    for (std::size_t k = i + 1; k < bands.size(); ++k) {
      const Range both = common(bands[i].range, bands[k].range);
      if (both.empty()) continue;
      const auto values = pieces({both}, both, false);
      s.add("overlapping-bands", m.where,
            fmt::format("bands '{}' {} and '{}' {} of mapping '{}' share {}; the first takes it", bands[i].name,
                        to_string(bands[i].range), bands[k].name, to_string(bands[k].range), m.name, to_string(both)),
            "let one end where the other begins: lt and gte of one number, or use multi_emit",
            values.empty() ? "" : fmt::format("a request with the score {:.6g}", values.front()));
    }
}

// Between bands; before the first and behind the last may be nothing on purpose.
void check_gaps(Scope& s, const Projection& m, std::vector<Band> bands) {
  std::sort(bands.begin(), bands.end(), [](const Band& a, const Band& b) { return a.range.low < b.range.low; });
  for (std::size_t i = 1; i < bands.size(); ++i) {
    Range before = bands[0].range;
    const Band* last = &bands[0];
    for (std::size_t k = 1; k < i; ++k)
      if (bands[k].range.high > before.high) before = bands[k].range, last = &bands[k];
    const Range gap{before.high, bands[i].range.low, !before.high_in, !bands[i].range.low_in};
    if (gap.empty() || std::isinf(gap.low) || std::isinf(gap.high)) continue;
    s.add("band-gap", m.where,
          fmt::format("scores in {} between bands '{}' and '{}' of mapping '{}' belong to none", to_string(gap),
                      last->name, bands[i].name, m.name),
          "let one end where the other begins",
          fmt::format("a request with the score {:.6g}", (gap.low + gap.high) / 2));
  }
}

}  // namespace

void check_projections(Scope& s) {
  for (const auto& m : s.policy.projections) {
    if (m.kind == Projection::Kind::partition) {
      const Json* members = m.fields.find("members");
      if (members && members->is_array() && members->as_array().size() == 1)
        s.add("partition-single", m.where,
              fmt::format("partition '{}' has one member, which then always matches", m.name),
              "add the members that it excludes");
      continue;
    }
    const Json* outputs = m.kind == Projection::Kind::mapping ? m.fields.find("outputs") : nullptr;
    if (!outputs || !outputs->is_array()) continue;
    std::vector<Band> bands;
    for (const auto& o : outputs->as_array())
      if (o.is_object()) bands.push_back({text_of(o, "name"), range_of(o)});
    Range reach;
    for (const auto& score : s.policy.projections)
      if (score.kind == Projection::Kind::score && score.name == text_of(m.fields, "source"))
        reach = attainable(s.policy, score);
    Range wide = reach;
    wide.low -= 1e-9;
    wide.high += 1e-9;
    std::vector<Band> usable;
    for (const auto& b : bands) {
      if (b.range.empty()) {
        s.add("empty-band", m.where,
              fmt::format("band '{}' of mapping '{}' is empty: {}", b.name, m.name, to_string(b.range)),
              "exchange its bounds");
        continue;
      }
      usable.push_back(b);
      if (common(b.range, wide).empty())
        s.add("unreachable-band", m.where,
              fmt::format("band '{}' {} of mapping '{}' is out of reach: the score '{}' can be {}", b.name,
                          to_string(b.range), m.name, text_of(m.fields, "source"), to_string(reach)),
              "move the band or raise the weights", fmt::format("no request: the highest score is {:.6g}", reach.high));
    }
    // Past some hundreds nobody reads each pair.
    if (usable.size() > 300) continue;
    if (text_of(m.fields, "method") != "multi_emit") check_pairs(s, m, usable);
    check_gaps(s, m, usable);
  }
}

}  // namespace wattline::policy
