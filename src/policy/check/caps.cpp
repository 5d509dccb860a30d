// Embedding rules as spherical caps: {x : cos(x, c) >= t} around each phrase c.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "policy/check/scope.h"

namespace wattline::policy {
namespace {

struct Rule {
  const Signal* signal;
  double threshold;
  std::vector<std::string> phrases;
  std::vector<std::vector<float>> centres;  // of length 1
  std::set<const Decision*> decisions;  // that it lets in
  std::string partition;
};

double cosine(const std::vector<float>& a, const std::vector<float>& b) {
  if (a.size() != b.size()) return -1;
  return std::clamp(std::inner_product(a.begin(), a.end(), b.begin(), 0.0), -1.0, 1.0);
}

std::vector<Rule> rules_of(const Scope& s) {
  std::vector<Rule> out;
  for (const auto& signal : s.policy.signals) {
    if (signal.type != "embedding") continue;
    Rule r{&signal, 0, {}, {}, {}, {}};
    if (const Json* t = signal.fields.find("threshold"); t && t->is_number()) r.threshold = t->as_number();
    if (const Json* c = signal.fields.find("candidates"); c && c->is_array())
      for (const auto& phrase : c->as_array())
        if (phrase.is_string()) r.phrases.push_back(phrase.as_string());
    for (const auto& phrase : r.phrases) {
      auto v = s.options.encode(phrase);
      double length = 0;
      for (const float x : v) length += static_cast<double>(x) * x;
      for (float& x : v) x = length > 0 ? static_cast<float>(x / std::sqrt(length)) : 0;
      r.centres.push_back(std::move(v));
    }
    for (const auto& d : s.policy.decisions) {
      const auto leaves = positive_leaves(d.when);
      if (std::find(leaves.begin(), leaves.end(), std::pair(signal.type, signal.name)) != leaves.end())
        r.decisions.insert(&d);
    }
    for (const auto& p : s.policy.projections) {
      const Json* members = p.kind == Projection::Kind::partition ? p.fields.find("members") : nullptr;
      if (members && members->is_array() &&
          std::find(members->as_array().begin(), members->as_array().end(), Json(signal.name)) !=
              members->as_array().end())
        r.partition = p.name;
    }
    out.push_back(std::move(r));
  }
  return out;
}

void compare(Scope& s, const Rule& a, const Rule& b) {
  if (!a.partition.empty() && a.partition == b.partition) return;
  if (a.decisions.empty() || b.decisions.empty() || a.decisions == b.decisions) return;
  const std::string fix = fmt::format("put both into a partition with softmax_exclusive: then at most one matches");
  double nearest = 10;
  std::string of_a, of_b;
  for (std::size_t i = 0; i < a.phrases.size(); ++i)
    for (std::size_t k = 0; k < b.phrases.size(); ++k) {
      const double c = cosine(a.centres[i], b.centres[k]);
      // A phrase of one is at the heart of its own cap: within the other's it sets off both.
      if (c >= a.threshold || c >= b.threshold) {
        const bool first = c >= b.threshold;
        return s.add("embedding-overlap", b.signal->where,
                     fmt::format("embedding rules '{}' and '{}' lead to different decisions and both match a phrase of "
                                 "'{}' (similarity {:.3f})",
                                 a.signal->name, b.signal->name, first ? a.signal->name : b.signal->name, c),
                     fix, first ? a.phrases[i] : b.phrases[k]);
      }
      const double room =
          std::acos(c) - std::acos(std::clamp(a.threshold, -1.0, 1.0)) - std::acos(std::clamp(b.threshold, -1.0, 1.0));
      if (room < nearest) nearest = room, of_a = a.phrases[i], of_b = b.phrases[k];
    }
  if (nearest > 0) return;
  s.add("embedding-may-overlap", b.signal->where,
        fmt::format("the caps of embedding rules '{}' and '{}', which lead to different decisions, meet by {:.2f} rad",
                    a.signal->name, b.signal->name, -nearest),
        fix, fmt::format("a text between \"{}\" and \"{}\"", of_a, of_b));
}

}  // namespace

void check_embeddings(Scope& s) {
  if (!s.options.encode) return;
  const auto rules = rules_of(s);
  for (std::size_t i = 0; i < rules.size(); ++i)
    for (std::size_t k = i + 1; k < rules.size(); ++k) compare(s, rules[i], rules[k]);
}

}  // namespace wattline::policy
