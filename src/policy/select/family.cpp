#include "policy/select/family.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "kernel/error.h"
#include "policy/select/parameters.h"

namespace wattline::policy {

const std::vector<Algorithm>& algorithms() {
  static const std::vector<Algorithm> all = {
      static_algorithm(),        weighted_algorithm(),          multi_factor_algorithm(),
      latency_aware_algorithm(), cheapest_adequate_algorithm(), cascade_algorithm(),
      adaptive_algorithm(),      thompson_algorithm(),          linucb_algorithm(),
      elo_algorithm(),           bradley_terry_algorithm(),     conservative_q_algorithm(),
      by_length_algorithm(),     session_aware_algorithm(),     cache_affinity_algorithm()};
  return all;
}

std::unique_ptr<Selector> make_selector(std::string_view name, const Json& settings, std::string_view where) {
  for (const auto& a : algorithms())
    if (a.name == name) return a.make(settings, where);
  std::vector<std::string> names;
  for (const auto& a : algorithms()) names.emplace_back(a.name);
  throw unknown_name("algorithm", name, names).at(where);
}

void Selector::escalate(std::span<const Prediction>, const Situation&, int, std::vector<int>& next) const {
  next.clear();
}

Choice Selector::choose(std::span<const Prediction> candidates, const Situation& situation, std::mt19937_64& random,
                        std::span<double> scores) const {
  std::array<double, 16> few;
  std::vector<double> many;
  std::span<double> chances(few.data(), std::min(few.size(), candidates.size()));
  if (candidates.size() > few.size()) {
    many.resize(candidates.size());
    chances = many;
  }
  std::fill(chances.begin(), chances.end(), 0.0);
  std::fill(scores.begin(), scores.end(), 0.0);
  Choice choice;
  if (std::none_of(candidates.begin(), candidates.end(), [](const Prediction& p) { return p.able; })) {
    choice.reason = "no candidate is able to answer this request";
    return choice;
  }
  const Reasons why = weigh(candidates, situation, scores, chances);
  double sum = 0;
  for (const double c : chances) sum += c;
  if (!(sum > 0)) {
    choice.reason = why.usual;
    return choice;
  }
  // 53 random bits; drawn also when nothing is left to chance, so that logs of different algorithms line up.
  double left = static_cast<double>(random() >> 11) * 0x1p-53 * sum;
  int likeliest = 0;
  for (std::size_t i = 0; i < chances.size(); ++i) {
    if (chances[i] > chances[static_cast<std::size_t>(likeliest)]) likeliest = static_cast<int>(i);
    if (chances[i] <= 0) continue;
    if (left >= 0) choice.candidate = static_cast<int>(i);
    left -= chances[i];
  }
  choice.propensity = chances[static_cast<std::size_t>(choice.candidate)] / sum;
  choice.reason = choice.candidate == likeliest ? why.usual : why.other;
  escalate(candidates, situation, choice.candidate, choice.escalation);
  return choice;
}

int best_of(std::span<const Prediction> candidates, std::span<const double> scores) {
  int best = -1;
  for (std::size_t i = 0; i < candidates.size(); ++i)
    if (candidates[i].able && (best < 0 || scores[i] > scores[static_cast<std::size_t>(best)]))
      best = static_cast<int>(i);
  return best;
}

void certain(int candidate, std::span<double> chances) {
  std::fill(chances.begin(), chances.end(), 0.0);
  if (candidate >= 0) chances[static_cast<std::size_t>(candidate)] = 1;
}

void mix_uniform(double share, std::span<const Prediction> candidates, std::span<double> chances) {
  double able = 0;
  for (const auto& c : candidates) able += c.able;
  if (able == 0) return;
  for (std::size_t i = 0; i < chances.size(); ++i)
    chances[i] = (1 - share) * chances[i] + (candidates[i].able ? share / able : 0);
}

double Objective::cost(const Prediction& p) const {
  double sum = 0;
  if (energy > 0) sum += energy * (p.energy + p.switch_energy);
  if (carbon > 0) sum += carbon * (p.carbon * (p.energy > 0 ? 1 + p.switch_energy / p.energy : 1));
  if (money > 0) sum += money * p.money;
  if (latency > 0) sum += latency * p.latency;
  return sum;
}

Objective read_objective(Parameters& settings) {
  const std::vector<std::string> names = {"energy", "carbon", "money", "latency"};
  const Json* found = settings.json("minimise");
  if (!found) return {};
  Objective o{0, 0, 0, 0};
  double* const parts[] = {&o.energy, &o.carbon, &o.money, &o.latency};
  if (found->is_string()) {
    const auto named = std::find(names.begin(), names.end(), found->as_string());
    if (named == names.end()) throw unknown_name("quantity", found->as_string(), names).at(settings.place("minimise"));
    *parts[named - names.begin()] = 1;
    return o;
  }
  Parameters inner(*found, settings.place("minimise"));
  double sum = 0;
  for (std::size_t i = 0; i < names.size(); ++i) sum += *parts[i] = inner.number(names[i], 0, 0, 1e12);
  inner.finish();
  if (sum == 0)
    throw bad_input("nothing is minimised: all weights are 0", settings.place("minimise"),
                    "give energy, carbon, money or latency a weight above 0");
  return o;
}

std::unique_ptr<Selector> read_inner(Parameters& settings, std::string_view key, std::string_view fallback) {
  const Json* found = settings.json(key);
  if (!found) return make_selector(fallback, {}, settings.place(key));
  if (found->is_string()) return make_selector(found->as_string(), {}, settings.place(key));
  if (!found->is_object() || !found->find("type") || !found->at("type").is_string())
    throw bad_input(
        fmt::format("{} is no algorithm: a name, or an object with \"type\" and its settings", found->dump()),
        settings.place(key));
  Json rest = Json::Object{};
  for (const auto& [name, value] : found->as_object())
    if (name != "type") rest.set(name, value);
  return make_selector(found->at("type").as_string(), rest, settings.place(key));
}

}  // namespace wattline::policy
