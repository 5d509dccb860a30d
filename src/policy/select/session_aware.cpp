// Wraps any algorithm and keeps a session with its model unless another is better by more than the switch costs:
// handoff, lost prefix, an interrupted tool loop, a history of switches (wrp-router, section 7, whose numbers are the
// defaults; the mean of the three parts of the continuation mass is ours). The inner algorithm proposes, the wrapper
// permits, so that a random proposal stays random with its right chance.
#include <algorithm>
#include <array>

#include "policy/select/family.h"
#include "policy/select/parameters.h"

namespace wattline::policy {
namespace {

class SessionAware final : public Selector {
 public:
  std::unique_ptr<Selector> inner;
  double idle_timeout = 300, switch_margin = 0.05, stay_bias = 0.10, prefix_weight = 0.20, handoff_weight = 1,
         handoff_penalty = 0.05, quality_gap = 1, max_cost_multiplier = 2.5, history_weight = 0.04;
  std::int64_t min_turns = 1;

  std::string_view name() const override { return "session_aware"; }
  bool uses_sessions() const override { return true; }
  bool uses_features() const override { return inner->uses_features(); }
  bool learns_from_answers() const override { return inner->learns_from_answers(); }

  Reasons weigh(std::span<const Prediction> candidates, const Situation& s, std::span<double> scores,
                std::span<double> chances) const override {
    const Reasons why = inner->weigh(candidates, s, scores, chances);
    const auto previous = static_cast<std::size_t>(s.previous);
    if (s.previous < 0 || previous >= candidates.size() || !candidates[previous].able) return why;
    if (s.tool_loop || !s.portable) {
      certain(s.previous, chances);
      return {s.tool_loop ? "session kept inside a tool loop" : "session kept: only its model understands its state"};
    }
    const bool idle = s.session_idle > idle_timeout;
    if (!idle && s.turn < min_turns) {
      certain(s.previous, chances);
      return {"session kept: too young to switch"};
    }
    adjust(candidates, s, previous, idle, scores);
    bool moved = false;
    for (std::size_t i = 0; i < chances.size(); ++i) {
      if (i == previous || chances[i] == 0 || scores[i] > scores[previous]) continue;
      moved = true;
      chances[previous] += chances[i];
      chances[i] = 0;
    }
    return moved ? Reasons{"session kept: the switch costs more than it gains", why.other} : why;
  }

  void escalate(std::span<const Prediction> candidates, const Situation& s, int first,
                std::vector<int>& next) const override {
    inner->escalate(candidates, s, first, next);
  }
  void learn(std::span<const Prediction> candidates, const Situation& s, const Feedback& f) override {
    inner->learn(candidates, s, f);
  }
  Json state() const override { return inner->state(); }
  void restore(const Json& json) override { inner->restore(json); }

 private:
  void adjust(std::span<const Prediction> candidates, const Situation& s, std::size_t previous, bool idle,
              std::span<double> scores) const {
    const double history = static_cast<double>(s.history_tokens), context = static_cast<double>(s.prompt_tokens);
    double reuse = context > 0 ? std::clamp(history / context, 0.0, 1.0) : 0;
    if (s.chained) reuse = std::max(reuse, 0.15);
    const double mass = (reuse + std::min(1.0, history / 8192) + std::min(1.0, s.turn / 8.0)) / 3;
    // What the prefix costs to compute again, against the whole answer: the "cache checkout" of the reference, in joules.
    double checkout = 0;
    for (std::size_t i = 0; i < candidates.size(); ++i)
      if (const auto& c = candidates[i]; i != previous && c.able && c.energy > 0)
        checkout = std::max(checkout, c.switch_energy / (c.energy + c.switch_energy));
    const double multiplier = 1 + (max_cost_multiplier - 1) * checkout;
    const auto& now = candidates[previous];
    const double prefix = idle ? 0 : prefix_weight * mass * std::clamp(now.warmth, 0.0, 1.0) * multiplier;
    const double before = scores[previous];
    for (std::size_t i = 0; i < candidates.size(); ++i) {
      const auto& c = candidates[i];
      if (i == previous || !c.able) continue;
      const bool advantage = scores[i] > before;
      if (known(c.quality) && known(now.quality)) scores[i] += quality_gap * (c.quality - now.quality);
      if (!idle)
        scores[i] -= handoff_weight * handoff_penalty + prefix + history_weight * std::min(1.0, s.switches / 8.0) +
                     switch_margin;
      if (!advantage) scores[i] -= stay_bias;
    }
    scores[previous] += idle ? 0 : stay_bias + prefix;
  }
};

std::unique_ptr<Selector> make(const Json& json, std::string_view where) {
  auto s = std::make_unique<SessionAware>();
  Parameters settings(json, where);
  s->inner = read_inner(settings, "base", "cheapest_adequate");
  s->idle_timeout = settings.number("idle_timeout_s", s->idle_timeout, 0, 1e9);
  s->min_turns = settings.integer("min_turns_before_switch", s->min_turns, 0, 1000);
  s->switch_margin = settings.number("switch_margin", s->switch_margin, 0, 10);
  s->stay_bias = settings.number("stay_bias", s->stay_bias, 0, 10);
  s->prefix_weight = settings.number("prefix_cache_weight", s->prefix_weight, 0, 10);
  s->handoff_weight = settings.number("handoff_weight", s->handoff_weight, 0, 10);
  s->handoff_penalty = settings.number("handoff_penalty", s->handoff_penalty, 0, 10);
  s->quality_gap = settings.number("quality_gap_multiplier", s->quality_gap, 0, 10);
  s->max_cost_multiplier = settings.number("max_cache_cost_multiplier", s->max_cost_multiplier, 1, 100);
  s->history_weight = settings.number("switch_history_weight", s->history_weight, 0, 10);
  settings.finish();
  return s;
}

}  // namespace

Algorithm session_aware_algorithm() {
  return {"session_aware", "keeps a session with its model unless a switch gains more than it costs (wraps another)",
          make};
}

}  // namespace wattline::policy
