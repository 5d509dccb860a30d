// What a policy is wished to keep: roles reach models, contexts fit, models can what is asked of them.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "policy/check/fields.h"
#include "policy/check/scope.h"

namespace wattline::policy {
namespace {

const Card* card_of(const Policy& p, const std::string& model) {
  for (const auto& c : p.cards)
    if (c.name == model) return &c;
  return nullptr;
}

// Nothing when a model's is not known, which then may be any.
std::optional<double> largest_window(const Policy& p, const Decision& d) {
  double out = 0;
  for (const auto& c : d.models) {
    const Card* card = card_of(p, c.model);
    const Json* window = card ? card->fields.find("context_window_size") : nullptr;
    if (!window || !window->is_number()) return {};
    out = std::max(out, window->as_number());
  }
  if (d.models.empty()) return {};
  return out;
}

const Signal* signal_of(const Policy& p, const std::pair<std::string, std::string>& name) {
  for (const auto& s : p.signals)
    if (s.type == name.first && s.name == name.second) return &s;
  return nullptr;
}

class Constraints {
 public:
  Constraints(Scope& s, Meaning& m) : s_(s), meaning_(m) {}

  void check() {
    for (const auto& d : s_.policy.decisions) {
      for (const auto& leaf : positive_leaves(d.when)) {
        const Signal* signal = signal_of(s_.policy, leaf);
        if (!signal) continue;
        if (signal->type == "context") context(d, *signal);
        if (signal->type == "conversation") capability(d, *signal);
      }
    }
    for (const auto& signal : s_.policy.signals)
      if (signal.type == "authz") role(signal);
  }

 private:
  bool possible(const std::vector<Literal>& wanted) {
    return meaning_.solver().solve(wanted, s_.options.branches) != Solver::Answer::no;
  }

  // Can a decision with models be the one that is taken?
  void role(const Signal& signal) {
    for (const auto& d : s_.policy.decisions) {
      if (d.models.empty()) continue;
      std::vector<Literal> wanted = {meaning_.of(signal.type, signal.name), meaning_.of(d.when)};
      for (const Decision* before : surely_before(s_.policy, d)) wanted.push_back(-meaning_.of(before->when));
      if (possible(wanted)) return;
    }
    s_.add("role-without-model", signal.where,
           fmt::format("no decision with a model can be reached with the role '{}'", signal.name),
           "add a decision for the role, or one without a condition",
           fmt::format("any request with role {}", signal.name));
  }

  void context(const Decision& d, const Signal& signal) {
    const auto window = largest_window(s_.policy, d);
    if (!window) return;
    const double low = tokens_of(signal.fields, "min_tokens").value_or(0);
    const double high = tokens_of(signal.fields, "max_tokens").value_or(*window);
    if (low <= *window && high <= *window) return;
    if (!possible({meaning_.of(d.when), meaning_.of(signal.type, signal.name)})) return;
    const bool none = low > *window;
    s_.add(none ? "context-too-small" : "context-partly", d.where,
           fmt::format(
               "decision '{}' is for {:.0f} to {:.0f} tokens (context '{}'), but {} of its models holds {} than {:.0f}",
               d.name, low, high, signal.name, "none", "more", *window),
           "add a model with a larger window, or lower max_tokens",
           fmt::format("a request of {:.0f} tokens", none ? low : *window + 1));
  }

  // Cards that list capabilities list all.
  void capability(const Decision& d, const Signal& signal) {
    const Json* feature = signal.fields.find("feature");
    const Json* source = feature ? feature->find("source") : nullptr;
    const Json* type = source ? source->find("type") : nullptr;
    if (!type || !type->is_string()) return;
    const std::string& of = type->as_string();
    std::vector<std::string> able;
    if (of == "image") able = {"vision", "image", "images", "multimodal"};
    else if (of == "tool_definition" || of == "tool_call" || of == "active_tool_loop")
      able = {"tools", "tool_use", "tool-use", "function_calling"};
    else return;
    for (const auto& c : d.models) {
      const Card* card = card_of(s_.policy, c.model);
      const Json* own = card ? card->fields.find("capabilities") : nullptr;
      if (!own || !own->is_array()) return;
      for (const auto& word : own->as_array())
        if (word.is_string() && std::find(able.begin(), able.end(), word.as_string()) != able.end()) return;
    }
    if (d.models.empty()) return;
    std::string example;
    if (meaning_.solver().solve(std::vector<Literal>{meaning_.of(d.when), meaning_.of(signal.type, signal.name)},
                                s_.options.branches) == Solver::Answer::yes)
      example = meaning_.example({&d.when});
    s_.add("missing-capability", d.where,
           fmt::format("decision '{}' is for requests with {} (conversation '{}'), but none of its models lists {}",
                       d.name, of == "image" ? "images" : "tools", signal.name,
                       able.size() > 1 ? able[0] + " or " + able[1] : able[0]),
           "add a model that can, or the capability to its card", std::move(example));
  }

  Scope& s_;
  Meaning& meaning_;
};

}  // namespace

void check_constraints(Scope& s, Meaning& m) { Constraints(s, m).check(); }

}  // namespace wattline::policy
