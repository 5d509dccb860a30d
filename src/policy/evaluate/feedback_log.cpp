#include "policy/evaluate/feedback_log.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"

namespace wattline::policy {
namespace {

constexpr std::size_t most_candidates = 64, most_features = 256;

double number(const Json& row, const char* name, double low, double high, const std::string& at) {
  const Json* v = row.find(name);
  if (!v || !v->is_number() || !(v->as_number() >= low && v->as_number() <= high))
    throw bad_input(
        fmt::format("'{}' is {}; {} to {} is allowed", name, v ? v->dump().substr(0, 40) : "missing", low, high), at,
        "give the file that [feedback] of the gateway writes");
  return v->as_number();
}

// Of what may be not known: null.
double expected(const Json& row, const char* name, double high, const std::string& at) {
  const Json* v = row.find(name);
  return !v || v->is_null() ? Prediction::unknown : number(row, name, 0, high, at);
}

void read_seen(const Json& seen, const std::string& at, LoggedVerdict& out) {
  if (!seen.is_object()) throw bad_input("'seen' is no object", at);
  out.conversation = seen.text_or("conversation", "");
  out.turn = static_cast<int>(number(seen, "turn", 0, 1e6, at));
  const Json* loop = seen.find("tool_loop");
  out.tool_loop = loop && loop->is_bool() && loop->as_bool();
  out.prompt_tokens = static_cast<std::int64_t>(number(seen, "prompt_tokens", 0, 1e12, at));
  const Json* features = seen.find("features");
  if (!features) return;
  if (!features->is_array() || features->as_array().size() > most_features)
    throw bad_input(fmt::format("'features' is no list of at most {} numbers", most_features), at);
  for (const Json& x : features->as_array()) {
    if (!x.is_number()) throw bad_input("a feature is no number", at);
    out.features.push_back(static_cast<float>(x.as_number()));
  }
}

// True: a choice that can be judged.
bool verdict_of(const Json& row, const std::string& at, LoggedVerdict& out) {
  if (!row.is_object()) throw bad_input("is no JSON object", at);
  out.quality = number(row, "quality", 0, 1, at);
  const Json* candidates = row.find("candidates");
  if (!candidates) return false;
  if (!candidates->is_array()) throw bad_input("'candidates' is no list", at);
  if (candidates->as_array().size() > most_candidates)
    throw bad_input(
        fmt::format("{} candidates; at most {} are allowed", candidates->as_array().size(), most_candidates), at);
  out.propensity = number(row, "propensity", 0, 1, at);
  if (out.propensity == 0) throw bad_input("'propensity' is 0; above 0 is allowed", at);
  out.energy = number(row, "energy_j", 0, 1e15, at);
  out.decision = row.text_or("decision", "");
  out.algorithm = row.text_or("algorithm", "");
  out.router = row.text_or("router", "");
  out.time = row.text_or("time", "");
  if (const Json* seen = row.find("seen")) read_seen(*seen, at, out);
  const std::string model = row.text_or("model", "");
  bool found = false;
  for (const Json& c : candidates->as_array()) {
    if (!c.is_object()) throw bad_input("a candidate is no object", at);
    LoggedVerdict::Candidate read;
    read.model = c.text_or("model", "");
    read.quality = expected(c, "quality", 1, at);
    read.energy = expected(c, "energy_j", 1e15, at);
    const Json* able = c.find("able");
    read.able = !able || !able->is_bool() || able->as_bool();
    if (read.model == model) found = true, out.chosen = out.candidates.size();
    out.candidates.push_back(std::move(read));
  }
  if (!found && !out.candidates.empty()) throw bad_input(fmt::format("the model '{}' is no candidate", model), at);
  return out.candidates.size() > 1;
}

// Mean verdict of each model, and of all where it has none.
class MeanReward {
 public:
  MeanReward(const FeedbackLog& log, bool energy) {
    for (const auto& v : log.verdicts) {
      const double r = energy ? v.energy : v.quality;
      auto& [sum, n] = by_model_[v.candidates[v.chosen].model];
      sum += r, n += 1, all_ += r;
    }
    all_ /= std::max<double>(1, static_cast<double>(log.verdicts.size()));
  }
  double of(const std::string& model) const {
    const auto found = by_model_.find(model);
    return found == by_model_.end() ? all_ : found->second.first / found->second.second;
  }

 private:
  std::map<std::string, std::pair<double, double>> by_model_;
  double all_ = 0;
};

}  // namespace

FeedbackLog read_feedback_log(std::string_view content, const std::string& where) {
  FeedbackLog out;
  std::size_t line = 0;
  while (!content.empty()) {
    ++line;
    const auto end = std::min(content.find('\n'), content.size());
    const std::string_view text = content.substr(0, end);
    content.remove_prefix(std::min(end + 1, content.size()));
    if (text.find_first_not_of(" \t\r") == text.npos) continue;
    const std::string at = fmt::format("{}:{}", where, line);
    LoggedVerdict v;
    if (verdict_of(parse_json(text, at), at, v)) out.verdicts.push_back(std::move(v));
    else ++out.without_choice;
  }
  if (out.verdicts.empty())
    throw bad_input("there is no verdict on an answer whose model was chosen among several", where,
                    "give the file that [feedback] of the gateway writes");
  return out;
}

Situation situation_of(const LoggedVerdict& v) {
  Situation s;
  s.decision = v.decision;
  s.session = v.conversation;
  s.turn = v.turn;
  s.tool_loop = v.tool_loop;
  s.prompt_tokens = v.prompt_tokens;
  s.features = v.features;
  return s;
}

std::vector<Prediction> predictions_of(const LoggedVerdict& v) {
  std::vector<Prediction> out;
  for (const auto& c : v.candidates) {
    Prediction p;
    p.model = c.model;
    p.able = c.able;
    p.quality = p.quality_low = p.quality_high = c.quality;
    p.energy = c.energy;
    out.push_back(p);
  }
  return out;
}

JudgedOnFeedback judge_on_feedback(const FeedbackLog& log, const Selector& selector, double cap, std::size_t resamples,
                                   std::uint64_t seed) {
  const MeanReward quality(log, false), energy(log, true);
  std::vector<LoggedChoice> by_quality, by_energy;
  for (const auto& v : log.verdicts) {
    const auto predictions = predictions_of(v);
    const Situation situation = situation_of(v);
    std::vector<double> scores(predictions.size()), chances(predictions.size());
    selector.weigh(predictions, situation, scores, chances);
    const double sum = std::accumulate(chances.begin(), chances.end(), 0.0);
    LoggedChoice q, e;
    q.logged = e.logged = v.propensity;
    q.target = e.target = sum > 0 ? std::min(1.0, chances[v.chosen] / sum) : 0;
    q.reward = v.quality, e.reward = v.energy;
    q.predicted = quality.of(v.candidates[v.chosen].model), e.predicted = energy.of(v.candidates[v.chosen].model);
    for (std::size_t i = 0; i < chances.size() && sum > 0; ++i) {
      q.predicted_target += chances[i] / sum * quality.of(v.candidates[i].model);
      e.predicted_target += chances[i] / sum * energy.of(v.candidates[i].model);
    }
    by_quality.push_back(q), by_energy.push_back(e);
  }
  return {off_policy(by_quality, cap, resamples, seed), off_policy(by_energy, cap, resamples, seed)};
}

namespace {

struct FeedbackStudyOptions {
  InputFile log;
  std::vector<std::string> algorithms;
  double cap = 0;
  std::int64_t resamples = 1000;
};

std::unique_ptr<Selector> selector_of(const std::string& text) {
  if (!text.starts_with("{")) return make_selector(text, {}, "--algorithm");
  const Json j = parse_json(text, "--algorithm");
  Json settings = Json::Object{};
  for (const auto& [key, value] : j.as_object())
    if (key != "type") settings.set(key, value);
  return make_selector(j.at("type").as_string(), settings, "--algorithm");
}

Result feedback_study(const FeedbackStudyOptions& o, Context& context) {
  const FeedbackLog log = read_feedback_log(o.log.read(std::size_t{1} << 30), o.log.name());
  std::vector<std::string> names = o.algorithms;
  if (names.empty()) names = {"static", "cheapest_adequate", "multi_factor", "thompson"};
  const double n = static_cast<double>(log.verdicts.size());
  double quality = 0, energy = 0, least = 1;
  for (const auto& v : log.verdicts)
    quality += v.quality / n, energy += v.energy / n, least = std::min(least, v.propensity);
  Table t("policy.feedback.v1");
  t.title = "What algorithms would have earned";
  t.text("algorithm")
      .number("quality", "", "mean verdict, self-normalised importance weighting")
      .number("low", "", "95 % interval")
      .number("high", "", "95 % interval")
      .number("robust", "", "the same, doubly robust with the mean of each model")
      .number("energy", "J", "mean of an answer, self-normalised")
      .number("effective", "", "verdicts that the estimate rests on")
      .number("largest_weight");
  t.add_row({"as logged", quality, std::monostate(), std::monostate(), quality, energy, n, 1.0});
  std::vector<std::string> weak;
  for (const auto& name : names) {
    context.check_cancelled();
    const auto selector = selector_of(name);
    const auto judged = judge_on_feedback(log, *selector, o.cap, static_cast<std::size_t>(o.resamples), context.seed);
    const auto& q = judged.quality;
    t.add_row({name, q.self_normalised.value, q.self_normalised.interval.low, q.self_normalised.interval.high,
               q.doubly_robust.value, judged.energy.self_normalised.value, q.effective_n, q.largest_weight});
    if (q.effective_n < 30 || std::abs(q.mean_weight - 1) > 0.3) weak.push_back(name);
  }
  Result r;
  r.title = fmt::format("{} verdicts, mean {:.3f}, {:.3g} J an answer", log.verdicts.size(), quality, energy);
  r.add(std::move(t));
  r.note(
      "Judged is each algorithm as its settings make it, with nothing learned; who rates is not everybody who asks.");
  if (log.without_choice > 0)
    r.note(fmt::format("{} lines are of answers whose model nothing chose among several.", log.without_choice));
  if (least >= 1)
    r.warn(
        "every logged choice was certain, so nothing is told of what was not chosen: let algorithms try others "
        "(min_chance, epsilon)");
  for (const auto& name : weak)
    r.warn(fmt::format("the log says little of '{}': too few of its choices were made", name));
  return r;
}

}  // namespace

Capability feedback_study_capability() {
  using O = FeedbackStudyOptions;
  static const auto fields =
      Fields<O>()
          .file("log", &O::log, "verdicts, as [feedback] of the gateway writes them")
          .required()
          .positional()
          .list("algorithm", &O::algorithms,
                "algorithm to judge, a name or an object such as {\"type\":\"thompson\",\"prior\":4}; may be repeated")
          .number("cap", &O::cap, "weights above it are cut to it, which trades variance for bias; 0: none")
          .range(0, 1e6)
          .integer("resamples", &O::resamples, "of the bootstrap")
          .range(100, 100'000);
  Capability c =
      capability<O>("serve", "feedback-study", "What other routing would have earned, told from users' verdicts.",
                    feedback_study, fields);
  c.description =
      "Every verdict is kept with the probability with which its model had been chosen. Weighing each by how likely "
      "another "
      "algorithm would have made that choice tells what that algorithm would have earned, without asking anybody again "
      "(inverse propensity, self-normalised, and doubly robust; Dudik, Langford, Li, ICML 2011). Intervals are 95 %, "
      "bootstrap over verdicts.";
  c.verb = Verb::predict;
  c.papers = {1};
  c.emits = {"policy.feedback.v1"};
  std::string lines;
  for (int i = 0; i < 60; ++i)
    lines += fmt::format(
        R"({{"quality":{},"model":"{}","energy_j":{},"propensity":0.5,"decision":"rest","algorithm":"thompson","candidates":[{{"model":"small","quality":0.85,"energy_j":10}},{{"model":"large","quality":0.95,"energy_j":100}}]}})"
        "\n",
        i % 5 ? 1 : 0, i % 2 ? "small" : "large", i % 2 ? 10 : 100);
  c.examples = {{{"feedback.jsonl", "--algorithm", "cheapest_adequate"}, {{"feedback.jsonl", lines}}, "60 verdicts"}};
  return c;
}

}  // namespace wattline::policy
