// A virtual model at work: which served model answers a request, and why.
//
// Immutable but for what its algorithms learn, shared by all threads; each brings a Seat. Routing over heuristic
// signals is done on the spot; what a policy's learned signals cost is known only to who asks for them.
#pragma once

#include <functional>
#include <memory>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "policy/engine.h"
#include "policy/selection.h"
#include "serve/feedback/learned_state.h"
#include "serve/route/choice_cost.h"
#include "serve/route/conversations.h"
#include "serve/route/request_reader.h"
#include "serve/route/router_config.h"
#include "serve/route/told.h"
#include "serve/upstream.h"

namespace wattline::policy {
struct PluginSet;
}

namespace wattline::serve {

// Predicts the chance that a model's answer is adequate, from the request alone.
class QualityModel {
 public:
  virtual ~QualityModel() = default;
  // Fills quality, quality_low and quality_high of those it knows, by their model's name.
  virtual void predict(const policy::RequestView&, std::span<policy::Prediction>) const = 0;
};

class AdaptationStore;

class Router {
 public:
  // Error: a candidate is not served, a policy or a setting is at fault.
  // `keep` gives the algorithm of a decision, which outlives a configuration.
  using Keep = std::function<std::shared_ptr<policy::Selector>(
      const LearnedState::Name&, const std::function<std::unique_ptr<policy::Selector>()>& make)>;
  Router(const RouterConfig&, std::size_t index, const std::function<const ServedModel*(std::string_view)>& find,
         std::shared_ptr<const QualityModel> quality, const Keep& keep = {});
  ~Router();

  const std::string& id() const { return config_.id; }
  std::size_t index() const { return index_; }
  const RouterConfig& config() const { return config_; }
  // One of several algorithms of the same id ("auto/cascade"): not listed.
  bool is_variant() const { return config_.id.find('/') != std::string::npos && config_.where.empty(); }
  const policy::Engine& engine() const { return *engine_; }
  // Signals of its rules that nothing here can tell: they never match.
  const std::vector<policy::Finding>& findings() const { return findings_; }
  // Whether a request may need signals that cost milliseconds: then choose() is for a thread that may wait.
  bool may_be_slow() const { return learned_ != nullptr; }
  // Whether a rule asks for what is left of the tenant's budget, so that it is worth to be looked up.
  bool asks_for_budget() const { return asks_for_budget_; }
  // Whether some decision changes requests or looks at answers; whether one answers by itself.
  bool has_plugins() const { return has_plugins_; }
  bool selects_tools() const { return selects_tools_; }
  bool answers_itself() const { return answers_itself_; }

  struct Seat {
    explicit Seat(const Router&);
    RequestReader reader;
    policy::RequestView view;
    std::string user;  // a pseudonym, of who asks; "" where needs of users are not considered
    std::unique_ptr<policy::Engine::Scratch> scratch;
    std::mt19937_64 random;
    std::vector<policy::Prediction> predictions;
    std::vector<double> scores;
  };

  // Learned needs of users are considered from now on; before the first request.
  void adapt(const AdaptationStore* store) { adaptation_ = store; }
  bool adapts() const { return adaptation_ != nullptr; }
  // From now on every choice tells how the request was seen: a log of verdicts is kept. Before the first request.
  void tell_what_is_seen();

  // Whether a model may answer whoever asks.
  using MayUse = std::function<bool(const ServedModel&)>;
  struct Chosen {
    const ServedModel* model = nullptr;  // null: none can answer, or none is asked (a fast response)
    const policy::PluginSet* plugins = nullptr;  // of the decision; null where it has none
    std::shared_ptr<const RouteTold> told;
    std::vector<const ServedModel*> escalation;  // to be asked next, in order, when the answer does not verify
  };
  // Of the request in seat.view. `with_learned` false: learned signals fail. `dry`: nothing will come of it, so that
  // nothing is remembered of it either.
  Chosen choose(Seat&, const MayUse&, bool with_learned = true, bool dry = false) const;
  // An answer of this router has ended: what it took is told to an algorithm that learns from every one of them.
  void answered(const Answer&) const;
  // What became of a choice; `loser` is the model of the worse answer, of a comparison. False: the decision is not there
  // any more, or the model was none of its candidates.
  bool learn(const RouteTold&, std::string_view model, const policy::Feedback&, std::string_view loser = {}) const;

 private:
  struct Lane {  // of a decision
    std::string name, algorithm;
    std::vector<std::size_t> candidates;
    std::shared_ptr<policy::Selector> selector;
    bool uses_sessions = false, uses_features = false;
    std::shared_ptr<const policy::PluginSet> plugins;  // null where it has none
  };
  void predict(const Lane&, Seat&, const MayUse&) const;
  // Fills what is known of the conversation, by its id.
  void situate(const Lane&, Seat&, policy::Situation&, std::uint64_t conversation) const;
  // What this user needs more or less than others, in the predictions; how much that is.
  double adapt(const Lane&, Seat&) const;

  RouterConfig config_;
  std::size_t index_;
  std::shared_ptr<const policy::Engine> engine_;
  std::vector<policy::Finding> findings_;
  std::shared_ptr<const policy::LearnedSignals> learned_;  // null where the policy has none
  std::vector<const ServedModel*> models_;  // by candidate
  std::vector<Lane> lanes_;  // by decision
  std::shared_ptr<const QualityModel> quality_;
  mutable ChoiceCost cost_;
  bool asks_for_budget_ = false;
  std::unique_ptr<Conversations> conversations_;  // null where no algorithm looks at them
  const AdaptationStore* adaptation_ = nullptr;
  bool has_plugins_ = false, answers_itself_ = false, selects_tools_ = false, learns_from_answers_ = false;
  bool tells_what_is_seen_ = false;
};

}  // namespace wattline::serve
