#include "serve/route/router.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/options.h"
#include "policy/language/language.h"
#include "policy/learned/encoder_signals.h"
#include "policy/plugins/plugin_set.h"
#include "policy/select/family.h"
#include "serve/adapt/adaptation_store.h"
#include "serve/governor.h"
#include "serve/route/http_classifier.h"
#include "serve/route/observed.h"
#include "text/find_encoder.h"

namespace wattline::serve {
namespace {

constexpr double joules_per_kwh = 3.6e6;

// Until answers of a model have been seen: what one of the program's own costs by its size, about as measured on one core
// (J a parameter and token, docs/measurements/router.md), and how long an answer is.
constexpr double joules_per_parameter_token = 3e-10;
constexpr double usual_tokens_builtin = 8, usual_tokens_upstream = 256;

// What a router without a policy file does: one decision, of all its candidates.
policy::Policy plain_policy(const RouterConfig& config) {
  policy::Policy p;
  policy::Decision& d = p.decisions.emplace_back();
  d.name = config.id;
  d.where = config.where;
  for (const auto& c : config.candidates) d.models.push_back({c.model, Json::Object{}});
  d.algorithm = policy::Step{config.algorithm, "", config.settings, config.where};
  return p;
}

// The rules of a policy file, of the recipe that the router's id enters.
policy::Policy policy_of(const RouterConfig& config) {
  if (config.policy.empty()) return plain_policy(config);
  const std::string text = InputFile::from_path(config.policy).read(std::size_t{16} << 20);
  return policy::read_policy(text, config.policy).policy_for(config.id);
}

// Error when their settings are at fault: half of what was wished for would be worse than none.
std::shared_ptr<const policy::PluginSet> plugins_of(const policy::Policy& p, const policy::Decision& d) {
  std::vector<policy::Finding> findings;
  auto set = std::make_shared<policy::PluginSet>(policy::read_plugins(p, d, findings));
  for (const auto& f : findings)
    if (f.level == policy::Finding::Level::error) throw bad_input(f.message, f.where, f.fix);
  return set->empty() ? nullptr : std::move(set);
}

std::string_view why_unable(const ServedModel& m, const policy::RequestView& r) {
  if (m.builtin) {
    if (!r.tools.empty()) return "a built-in model calls no tools";
    if (r.query().size() + 16 > static_cast<std::size_t>(m.builtin->shape().context))
      return "the question is too long for it";
  }
  for (const auto& message : r.messages)
    if (message.images > 0 && m.builtin) return "a built-in model sees no images";
  if (m.upstream && !m.pool && m.upstream->drained) return "its upstream is drained";
  if (m.context > 0 && !m.builtin && policy::estimate_tokens(r).total() > m.context)
    return "the request is too long for its context";
  return {};
}

// Tokens of what came before the last message of the user.
std::int64_t tokens_before(const policy::RequestView& r) {
  policy::RequestView earlier = r;
  std::size_t end = r.messages.size();
  while (end > 0 && r.messages[end - 1].role != policy::Role::user) --end;
  earlier.messages = r.messages.first(end > 0 ? end - 1 : 0);
  return policy::estimate_tokens(earlier).prompt;
}
// An algorithm whose choice is left to chance now and then, so that what is learned of a user does not only confirm
// itself.
class Explored final : public policy::Selector {
 public:
  Explored(const policy::Selector& inner, double share) : inner_(inner), share_(share) {}
  std::string_view name() const override { return inner_.name(); }
  Reasons weigh(std::span<const policy::Prediction> candidates, const policy::Situation& s, std::span<double> scores,
                std::span<double> chances) const override {
    Reasons why = inner_.weigh(candidates, s, scores, chances);
    policy::mix_uniform(share_, candidates, chances);
    return why;
  }
  void escalate(std::span<const policy::Prediction> candidates, const policy::Situation& s, int first,
                std::vector<int>& next) const override {
    inner_.escalate(candidates, s, first, next);
  }

 private:
  const policy::Selector& inner_;
  double share_;
};

RouteTold::Seen look(const policy::RequestView& r, std::int64_t prompt_tokens, std::uint64_t conversation) {
  RouteTold::Seen out;
  out.conversation = conversation;
  out.turn = static_cast<int>(std::count_if(r.messages.begin(), r.messages.end(),
                                            [](const auto& m) { return m.role == policy::Role::assistant; }));
  out.tool_loop = !r.messages.empty() && r.messages.back().role == policy::Role::tool;
  out.prompt_tokens = prompt_tokens;
  out.features = policy::request_features(r, prompt_tokens, out.turn, out.tool_loop);
  return out;
}

void show(const RouteTold::Seen& seen, policy::Situation& s) {
  s.turn = seen.turn;
  s.tool_loop = seen.tool_loop;
  s.prompt_tokens = seen.prompt_tokens;
  s.features = seen.features;
}

}  // namespace

Router::Seat::Seat(const Router& router) : scratch(router.engine().scratch()), random(std::random_device{}()) {
  predictions.reserve(router.config().candidates.size());
  scores.reserve(router.config().candidates.size());
}

Router::Router(const RouterConfig& config, std::size_t index,
               const std::function<const ServedModel*(std::string_view)>& find,
               std::shared_ptr<const QualityModel> quality, const Keep& keep)
    : config_(config), index_(index), quality_(std::move(quality)) {
  engine_ = policy::Engine::compile(policy_of(config_));
  const auto candidate = [&](const std::string& model, const std::string& where) {
    for (std::size_t i = 0; i < models_.size(); ++i)
      if (config_.candidates[i].model == model) return i;
    const ServedModel* m = find(model);
    if (!m)
      throw bad_input(fmt::format("the candidate '{}' of the router '{}' is not served", model, config_.id), where,
                      "name a model that an upstream or the program serves");
    if (models_.size() == config_.candidates.size()) config_.candidates.push_back({model, NAN, where});
    models_.push_back(m);
    return models_.size() - 1;
  };
  for (const auto& c : std::vector(config_.candidates)) candidate(c.model, c.where);
  for (const auto& d : engine_->policy().decisions) {
    Lane lane;
    lane.name = d.name;
    for (const auto& c : d.models) lane.candidates.push_back(candidate(c.model, d.where));
    const policy::Step step = d.algorithm.value_or(policy::Step{"static", "", Json::Object{}, d.where});
    lane.algorithm = step.name;
    const auto make = [&] { return policy::make_selector(step.name, step.fields, step.where); };
    if (keep) lane.selector = keep({config_.id, d.name, step.name, step.fields.dump()}, make);
    else lane.selector = make();
    learns_from_answers_ = learns_from_answers_ || lane.selector->learns_from_answers();
    lane.uses_sessions = lane.selector->uses_sessions();
    lane.uses_features = lane.selector->uses_features();
    if (lane.uses_sessions && !conversations_) conversations_ = std::make_unique<Conversations>();
    lane.plugins = plugins_of(engine_->policy(), d);
    has_plugins_ = has_plugins_ || lane.plugins;
    selects_tools_ = selects_tools_ || (lane.plugins && lane.plugins->tool_selection);
    answers_itself_ = answers_itself_ || (lane.plugins && lane.plugins->fast_response);
    lanes_.push_back(std::move(lane));
  }
  const auto signals = engine_->signals();
  asks_for_budget_ = std::any_of(signals.begin(), signals.end(), [](const auto& s) { return s.type == "budget"; });
  if (std::any_of(signals.begin(), signals.end(), [](const auto& s) { return s.learned; })) {
    learned_ = policy::make_encoder_signals(*engine_, {text::find_encoder().encoder, {}}, findings_);
    learned_ = with_classifiers(*engine_, std::move(learned_), config_.classifiers, findings_);
  }
}

Router::~Router() = default;

void Router::predict(const Lane& lane, Seat& seat, const MayUse& may_use) const {
  const auto tokens = policy::estimate_tokens(seat.view);
  const double limit =
      tokens.reserve > 0 ? static_cast<double>(tokens.reserve) : std::numeric_limits<double>::infinity();
  seat.predictions.clear();
  for (const std::size_t i : lane.candidates) {
    const ServedModel& m = *models_[i];
    policy::Prediction& p = seat.predictions.emplace_back();
    p.model = m.id;
    p.unable_because = may_use && !may_use(m) ? "not allowed for this key" : why_unable(m, seat.view);
    p.able = p.unable_because.empty();
    p.quality = p.quality_low = p.quality_high = config_.candidates[i].quality;
    p.context_window = m.builtin ? m.builtin->shape().context : m.context;
    if (m.upstream) p.in_flight = m.upstream->in_flight.load(std::memory_order_relaxed);
    const auto seen = m.observed->means();
    // Byte-level tokenizers and others differ; what was observed is by the model's own tokens.
    const double in =
        m.builtin ? static_cast<double>(seat.view.query().size()) + 2 : static_cast<double>(tokens.prompt);
    const double usual = m.builtin ? usual_tokens_builtin : usual_tokens_upstream;
    const double out = std::min(limit, std::isnan(seen.tokens_out) ? usual : seen.tokens_out);
    p.output_tokens = out;
    if (m.table) {
      const auto cost = m.table->cost(in, 0, out, std::max(1.0, p.in_flight));
      p.energy = (cost.prefill + cost.decode).base();
    } else if (!std::isnan(seen.joules_in)) {
      p.energy = in * seen.joules_in + (std::isnan(seen.joules_out) ? 0 : out * seen.joules_out);
    } else if (m.builtin) {
      p.energy = (in + out) * joules_per_parameter_token * static_cast<double>(m.builtin->shape().parameters());
    }
    if (m.grid && !std::isnan(p.energy))
      p.carbon = m.footprint->grid().pue.value().base() * p.energy / joules_per_kwh * m.grid->carbon();
    if (m.governed && !std::isnan(p.energy)) p.money = m.governed->expected_money(in, out, p.energy);
    if (!std::isnan(seen.seconds_in)) {
      p.ttft = in * seen.seconds_in;
      p.tpot = seen.seconds_out;
      p.latency = p.ttft + (std::isnan(p.tpot) ? 0 : p.tpot * std::max(0.0, out - 1));
    }
  }
  if (quality_) quality_->predict(seat.view, seat.predictions);
}

void Router::tell_what_is_seen() { tells_what_is_seen_ = true; }

void Router::situate(const Lane& lane, Seat& seat, policy::Situation& s, std::uint64_t id) const {
  const auto& r = seat.view;
  s.chained = !r.previous_response.empty();
  s.portable = !s.chained;  // what an earlier response refers to lies at the one who gave it
  s.history_tokens = tokens_before(r);
  const auto seen = conversations_->find(id, monotonic_ns());
  s.switches = seen.switches;
  s.session_idle = seen.idle;
  for (std::size_t i = 0; i < lane.candidates.size(); ++i)
    if (static_cast<int>(lane.candidates[i]) == seen.candidate) s.previous = static_cast<int>(i);
  if (s.previous < 0) return;
  for (std::size_t i = 0; i < lane.candidates.size(); ++i) {
    // The program's own models keep nothing of a prefix, so leaving one of them loses nothing.
    const ServedModel& m = *models_[lane.candidates[i]];
    auto& p = seat.predictions[i];
    if (m.builtin) continue;
    if (static_cast<int>(i) == s.previous) p.warmth = 0.5;  // whether its engine still holds it is not known
    else if (const auto per_token = m.observed->means().joules_in; !std::isnan(per_token))
      p.switch_energy = per_token * static_cast<double>(s.history_tokens);
  }
}

double Router::adapt(const Lane& lane, Seat& seat) const {
  if (!adaptation_ || seat.user.empty() || seat.predictions.size() < 2) return 0;
  const double shift = adaptation_->users().shift(seat.user, lane.name, Time::now());
  if (shift == 0) return 0;
  RouteTold told;
  for (const auto& p : seat.predictions) told.considered.push_back({{}, 0, p.quality, p.energy, {}});
  const std::size_t largest = largest_of(told);
  for (std::size_t i = 0; i < seat.predictions.size(); ++i) {
    if (i == largest) continue;
    policy::Prediction& p = seat.predictions[i];
    for (double* q : {&p.quality, &p.quality_low, &p.quality_high}) *q = std::clamp(*q + shift, 0.0, 1.0);
  }
  return shift;
}

Router::Chosen Router::choose(Seat& seat, const MayUse& may_use, bool with_learned, bool dry) const {
  // Signals that cost milliseconds are measured each time.
  ChoiceCost::Timer timer(cost_, with_learned && learned_, seat.view.query().size());
  Chosen out;
  const policy::Outcome outcome = engine_->decide(seat.view, *seat.scratch, with_learned ? learned_.get() : nullptr);
  auto told = std::make_shared<RouteTold>();
  told->router = config_.id;
  if (outcome.decision >= 0) {
    const Lane& lane = lanes_[static_cast<std::size_t>(outcome.decision)];
    told->decision = lane.name;
    told->algorithm = lane.algorithm;
    out.plugins = lane.plugins.get();
    if (out.plugins && out.plugins->fast_response) {
      told->algorithm.clear();
      told->reason = "the decision answers by itself";
      told->cpu = timer.spent();
      out.told = std::move(told);
      return out;
    }
    predict(lane, seat, may_use);
    seat.scores.assign(seat.predictions.size(), 0);
    policy::Situation situation;
    situation.decision = lane.name;
    situation.user = seat.view.user;
    situation.session = seat.view.session;
    situation.prompt_tokens = outcome.prompt_tokens;
    situation.max_output_tokens = seat.view.max_output_tokens.value_or(0);
    const bool follows = lane.uses_sessions || tells_what_is_seen_;
    const std::uint64_t conversation = follows ? Conversations::id_of(seat.view) : 0;
    if (follows || lane.uses_features) {
      told->seen = look(seat.view, situation.prompt_tokens, conversation);
      show(*told->seen, situation);
    }
    if (lane.uses_sessions) situate(lane, seat, situation, conversation);
    const bool any =
        std::any_of(seat.predictions.begin(), seat.predictions.end(), [](const auto& p) { return p.able; });
    policy::Choice choice;
    if (any && adaptation_ && !seat.user.empty()) {
      told->user = seat.user;
      told->shift = adapt(lane, seat);
      choice = Explored(*lane.selector, adaptation_->explore())
                   .choose(seat.predictions, situation, seat.random, seat.scores);
    } else if (any) {
      choice = lane.selector->choose(seat.predictions, situation, seat.random, seat.scores);
    }
    for (std::size_t i = 0; i < seat.predictions.size(); ++i) {
      const auto& p = seat.predictions[i];
      told->considered.push_back({std::string(p.model), seat.scores[i], p.quality, p.energy, p.unable_because});
    }
    told->reason = any ? choice.reason : "no candidate can answer this request";
    if (choice.candidate >= 0) {
      const auto chosen = static_cast<std::size_t>(choice.candidate);
      out.model = models_[lane.candidates[chosen]];
      told->propensity = choice.propensity;
      told->quality = seat.predictions[chosen].quality;
      told->joules = seat.predictions[chosen].energy;
      if (lane.uses_sessions && !dry)
        conversations_->given_to(conversation, static_cast<int>(lane.candidates[chosen]), monotonic_ns());
      for (const int next : choice.escalation)
        out.escalation.push_back(models_[lane.candidates[static_cast<std::size_t>(next)]]);
    }
  } else {
    told->reason = "no decision of the policy matches this request";
  }
  told->cpu = timer.spent();
  out.told = std::move(told);
  return out;
}

void Router::answered(const Answer& a) const {
  if (!learns_from_answers_ || a.status != AnswerStatus::ok || a.repeats() || !a.attempt.empty()) return;
  for (const Lane& lane : lanes_) {
    if (lane.name != a.route->decision || !lane.selector->learns_from_answers()) continue;
    policy::Situation situation;
    situation.decision = lane.name;
    policy::Feedback f;
    f.output_tokens = static_cast<double>(a.tokens_out);
    lane.selector->learn({}, situation, f);
  }
}

bool Router::learn(const RouteTold& told, std::string_view model, const policy::Feedback& feedback,
                   std::string_view loser) const {
  for (const Lane& lane : lanes_) {
    if (lane.name != told.decision) continue;
    std::vector<policy::Prediction> predictions;
    policy::Feedback f = feedback;
    for (const auto& c : told.considered) {
      policy::Prediction p;
      p.model = c.model;
      p.quality = p.quality_low = p.quality_high = c.quality;
      p.energy = c.joules;
      p.able = c.unable_because.empty();
      if (c.model == model) f.candidate = static_cast<int>(predictions.size());
      else if (c.model == loser) f.preferred_over = static_cast<int>(predictions.size());
      predictions.push_back(p);
    }
    policy::Situation situation;
    situation.decision = lane.name;
    if (told.seen) show(*told.seen, situation);
    if (f.candidate < 0) return false;
    // That was told when the answer ended.
    if (lane.selector->learns_from_answers()) f.output_tokens = policy::Prediction::unknown;
    lane.selector->learn(predictions, situation, f);
    return true;
  }
  return false;
}

}  // namespace wattline::serve
