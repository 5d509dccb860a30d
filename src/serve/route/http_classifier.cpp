#include "serve/route/http_classifier.h"

#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/fetch.h"
#include "kernel/json.h"
#include "kernel/time.h"
#include "policy/learned/classifier_reply.h"
#include "policy/settings.h"
#include "serve/circuit_breaker.h"

namespace wattline::serve {
namespace {

using policy::SignalIndex;
using policy::SignalValue;
using Clock = std::chrono::steady_clock;

constexpr std::size_t longest_text = 32 * 1024, largest_reply = std::size_t{1} << 20;

BreakerConfig breaker_of(const ClassifierConfig& c) {
  BreakerConfig b;
  b.failures = static_cast<int>(c.failures);
  b.error_rate = 0;
  b.open_for = c.rest;
  return b;
}

class Service {
 public:
  explicit Service(const ClassifierConfig& c) : config_(c), breaker_(breaker_of(c), std::hash<std::string>()(c.name)) {}

  const std::string& name() const { return config_.name; }
  void wants(const std::string& label) {
    if (std::find(labels_.begin(), labels_.end(), label) == labels_.end()) labels_.push_back(label);
  }

  // Scores; or in what way there are none.
  policy::LabelScores ask(std::string_view text, Clock::time_point deadline, SignalValue::State& state) const {
    const std::int64_t now = monotonic_ns();
    state = SignalValue::State::failed;
    const double left =
        std::min(std::chrono::duration<double>(deadline - Clock::now()).count(), config_.timeout.base());
    if (left < 1e-3) {
      state = SignalValue::State::late;
      return {};
    }
    const auto ticket = breaker_.take(now);
    if (!ticket.taken) return {};
    FetchRequest request;
    request.url = config_.url;
    request.method = "POST";
    request.headers = {{"content-type", "application/json"}, {"accept", "application/json"}};
    if (!config_.api_key.empty()) request.headers.emplace_back("authorization", "Bearer " + config_.api_key.reveal());
    request.body = body_of(text);
    request.connect_deadline = request.deadline = Duration(left);
    request.body_limit = largest_reply;
    try {
      const FetchResponse reply = fetch(request);
      if (reply.status != 200) throw world_error(fmt::format("answered with status {}", reply.status));
      auto scores = policy::read_classifier_reply(reply.body, config_.name);
      breaker_.success(ticket, monotonic_ns());
      state = SignalValue::State::known;
      return scores;
    } catch (const Error&) {
      breaker_.failure(ticket, monotonic_ns(), true);
      if (Clock::now() >= deadline || static_cast<double>(monotonic_ns() - now) * 1e-9 >= 0.9 * left)
        state = SignalValue::State::late;
      return {};
    }
  }

 private:
  std::string body_of(std::string_view text) const {
    JsonWriter w;
    w.begin_object().member("text", text.substr(0, longest_text)).key("labels").begin_array();
    for (const auto& l : labels_) w.value(l);
    w.end_array().end_object();
    return w.take();
  }

  const ClassifierConfig config_;
  mutable CircuitBreaker breaker_;
  std::vector<std::string> labels_;
};

class WithClassifiers final : public policy::LearnedSignals {
 public:
  WithClassifiers(const policy::Engine& engine, std::shared_ptr<const policy::LearnedSignals> inner,
                  const std::vector<ClassifierConfig>& services, std::vector<policy::Finding>& findings)
      : inner_(std::move(inner)) {
    for (const auto& c : services) services_.push_back(std::make_unique<Service>(c));
    for (std::size_t i = 0; i < engine.signals().size(); ++i) {
      const auto& info = engine.signals()[i];
      if (info.type != "classifier" || info.rule < 0) continue;
      const policy::Signal& signal = engine.policy().signals[static_cast<std::size_t>(info.rule)];
      std::vector<policy::Finding> ignored;
      policy::Settings s(signal.fields, fmt::format("signal classifier(\"{}\")", info.name), signal.where, ignored);
      const std::string wanted = s.text("classifier", info.name);
      for (std::size_t k = 0; k < services_.size(); ++k) {
        if (services_[k]->name() != wanted) continue;
        Rule rule{k, s.text("label", info.name), s.predicate("predicate")};
        if (!rule.range.given()) rule.range.gte = s.number("threshold", 0.5, 0, 1);
        services_[k]->wants(rule.label);
        rules_.emplace(static_cast<SignalIndex>(i), std::move(rule));
        std::erase_if(findings,
                      [&](const policy::Finding& f) { return f.code == "unserved-signal" && f.where == signal.where; });
      }
    }
  }

  bool any() const { return inner_ || !rules_.empty(); }

  void evaluate(const policy::RequestView& request, std::span<const SignalIndex> wanted, Clock::time_point deadline,
                std::span<SignalValue> values) const override {
    // What is told here first: it takes no time of others.
    std::vector<SignalIndex> rest;
    for (const SignalIndex i : wanted)
      if (!rules_.contains(i)) rest.push_back(i);
    if (inner_) inner_->evaluate(request, rest, deadline, values);
    else
      for (const SignalIndex i : rest) values[i] = {SignalValue::State::failed, false, 0, 0};
    std::map<std::size_t, std::pair<policy::LabelScores, SignalValue::State>> said;
    for (const SignalIndex i : wanted) {
      const auto rule = rules_.find(i);
      if (rule == rules_.end()) continue;
      const auto [place, fresh] = said.try_emplace(rule->second.service);
      auto& [scores, state] = place->second;
      if (fresh) scores = services_[rule->second.service]->ask(request.query(), deadline, state);
      if (state != SignalValue::State::known) {
        values[i] = {state, false, 0, 0};
        continue;
      }
      const double score = policy::score_of(scores, rule->second.label);
      const bool match = rule->second.range.holds(score);
      values[i] = {SignalValue::State::known, match, match ? static_cast<float>(score) : 0, static_cast<float>(score)};
    }
  }

  std::string description() const override {
    std::string out = inner_ ? inner_->description() : std::string();
    for (const auto& s : services_)
      out += fmt::format("{}classifier '{}' over HTTP", out.empty() ? "" : "; ", s->name());
    return out;
  }

 private:
  struct Rule {
    std::size_t service;
    std::string label;
    policy::Predicate range;
  };
  std::shared_ptr<const policy::LearnedSignals> inner_;
  std::vector<std::unique_ptr<Service>> services_;
  std::map<SignalIndex, Rule> rules_;
};

}  // namespace

std::shared_ptr<const policy::LearnedSignals> with_classifiers(const policy::Engine& engine,
                                                               std::shared_ptr<const policy::LearnedSignals> inner,
                                                               const std::vector<ClassifierConfig>& services,
                                                               std::vector<policy::Finding>& findings) {
  if (services.empty()) return inner;
  auto made = std::make_shared<WithClassifiers>(engine, std::move(inner), services, findings);
  return made->any() ? made : nullptr;
}

}  // namespace wattline::serve
