#include "policy/evaluate/session_fit.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/write_whole.h"

namespace wattline::policy {
namespace {

struct SessionFitOptions {
  InputFile log;
  std::string router, decision, out;
  double cost_weight = 0.2, discount = 0.95, conservatism = 0.5;
  std::int64_t resamples = 1000;
};

// One fifth of the conversations is judged on, told by their ids, so that the same log gives the same halves.
bool is_judged(const std::string& conversation) {
  std::uint64_t h = 1469598103934665603u;
  for (const char c : conversation) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return h % 5 == 0;
}

double reward_of(const LoggedVerdict& v, double cost_weight, double most) {
  return v.quality - (most > 0 ? cost_weight * v.energy / most : 0);
}

double most_energy(std::span<const LoggedVerdict> all) {
  double most = 0;
  for (const auto& v : all) most = std::max(most, v.energy);
  return most;
}

// Of the router and decision that are asked for; of the one there is, where none is.
FeedbackLog of_one_decision(FeedbackLog log, const SessionFitOptions& o) {
  std::map<std::pair<std::string, std::string>, std::size_t> all;
  for (const auto& v : log.verdicts)
    if ((o.router.empty() || v.router == o.router) && (o.decision.empty() || v.decision == o.decision))
      ++all[{v.router, v.decision}];
  if (all.empty()) throw bad_input("no verdict is of this router and decision", o.log.name(), "leave --router out");
  if (all.size() > 1) {
    std::string names;
    for (const auto& [name, n] : all)
      names += fmt::format("; router '{}' decision '{}': {}", name.first, name.second, n);
    throw bad_input("verdicts of several decisions are in the log" + names, o.log.name(),
                    "name one with --router and --decision");
  }
  const auto [router, decision] = all.begin()->first;
  std::erase_if(log.verdicts, [&](const auto& v) { return v.router != router || v.decision != decision; });
  return log;
}

Result session_fit(const SessionFitOptions& o, Context& context) {
  FeedbackLog log = of_one_decision(read_feedback_log(o.log.read(std::size_t{1} << 30), o.log.name()), o);
  const std::size_t all = log.verdicts.size();
  std::erase_if(log.verdicts, [](const auto& v) { return v.conversation.empty(); });
  if (log.verdicts.empty())
    throw bad_input("no verdict tells its conversation", o.log.name(),
                    "logs of gateways from this version on do: [feedback] file");
  FeedbackLog seen, judged;
  for (const auto& v : log.verdicts) (is_judged(v.conversation) ? judged : seen).verdicts.push_back(v);
  if (seen.verdicts.empty()) throw bad_input("the log has too few conversations to learn from", o.log.name());
  QFit fit;
  fit.discount = o.discount;
  fit.conservatism = o.conservatism;
  const auto turns = turns_of(seen.verdicts, o.cost_weight);
  const Json state = fit_conservative_q(turns, fit);
  context.check_cancelled();
  Json settings = Json::Object{};
  const auto selector = make_selector("conservative_q", settings, "conservative_q");
  selector->restore(state);

  Result r;
  const auto& first = log.verdicts.front();
  std::map<std::string, std::size_t> conversations;
  for (const auto& v : log.verdicts) ++conversations[v.conversation];
  r.title = fmt::format("conservative_q of {} turns in {} conversations of router '{}'", log.verdicts.size(),
                        conversations.size(), first.router);
  Table values("policy.session_fit.v1");
  values.title = "Value of the rest of a conversation, by model";
  values.text("model").number("turns", "", "in which it was chosen");
  values.number("first_turn", "", "value at a first turn").number("fifth_turn", "", "value at a fifth turn");
  const auto value_at = [&](const Json::Array& w, double turn) {
    return w[0].as_number() + w[1].as_number() * std::min(1.0, turn / 8);
  };
  for (const auto& [model, row] : state.at("weights").as_object()) {
    const auto& w = row.as_array();
    const double n = static_cast<double>(
        std::count_if(turns.begin(), turns.end(), [&, &m = model](const auto& t) { return t.model == m; }));
    values.add_row({model, n, value_at(w, 0), value_at(w, 4)});
  }
  r.add(std::move(values));
  if (judged.verdicts.empty()) {
    r.warn("the log has too few conversations to keep some for judging: what it would earn is not known");
  } else {
    const auto j = judge_on_feedback(judged, *selector, 0, static_cast<std::size_t>(o.resamples), context.seed);
    double quality = 0, energy = 0;
    const double n = static_cast<double>(judged.verdicts.size());
    for (const auto& v : judged.verdicts) quality += v.quality / n, energy += v.energy / n;
    Table t("policy.feedback.v1");
    t.title = "On conversations that it did not learn from";
    t.text("algorithm").number("quality", "", "mean verdict of a turn").number("low", "", "95 % interval");
    t.number("high", "", "95 % interval").number("robust").number("energy", "J", "mean of a turn");
    t.number("effective", "", "turns that the estimate rests on").number("largest_weight");
    t.add_row({"as logged", quality, std::monostate(), std::monostate(), quality, energy, n, 1.0});
    const auto& q = j.quality;
    t.add_row({"conservative_q", q.self_normalised.value, q.self_normalised.interval.low,
               q.self_normalised.interval.high, q.doubly_robust.value, j.energy.self_normalised.value, q.effective_n,
               q.largest_weight});
    r.add(std::move(t));
    if (q.effective_n < 30) r.warn("the log says little of it: too few of its choices were made");
  }
  r.note(
      "Turns are judged one by one, by the state in which the log found them: what a choice changes of later turns is "
      "in "
      "the values and not in this estimate.");
  if (all > log.verdicts.size())
    r.note(fmt::format("{} verdicts without a conversation were left out.", all - log.verdicts.size()));
  if (o.out.empty()) return r;
  Json entry = Json::Object{
      {"router", first.router}, {"decision", first.decision}, {"algorithm", "conservative_q"}, {"state", state}};
  write_whole(o.out, Json(Json::Object{{"version", 1}, {"learned", Json(Json::Array{std::move(entry)})}}).dump(1));
  r.note(fmt::format("Written to {}: set [feedback] state to it and the router's algorithm to conservative_q.", o.out));
  return r;
}

}  // namespace

std::vector<LoggedTurn> turns_of(std::span<const LoggedVerdict> verdicts, double cost_weight) {
  const double most = most_energy(verdicts);
  std::vector<const LoggedVerdict*> order;
  for (const auto& v : verdicts) order.push_back(&v);
  std::stable_sort(order.begin(), order.end(), [](auto* a, auto* b) {
    return a->conversation != b->conversation ? a->conversation < b->conversation : a->turn < b->turn;
  });
  std::size_t own = 0;
  for (const auto* v : order) own = std::max(own, v->features.size());
  std::vector<LoggedTurn> out;
  for (std::size_t i = 0; i < order.size(); ++i) {
    const LoggedVerdict& v = *order[i];
    LoggedTurn t;
    t.features = turn_features(situation_of(v), own);
    t.model = v.candidates[v.chosen].model;
    t.reward = reward_of(v, cost_weight, most);
    t.last = i + 1 == order.size() || order[i + 1]->conversation != v.conversation;
    out.push_back(std::move(t));
  }
  return out;
}

Capability session_fit_capability() {
  using O = SessionFitOptions;
  static const auto fields =
      Fields<O>()
          .file("log", &O::log, "verdicts, as [feedback] of the gateway writes them")
          .required()
          .positional()
          .text("router", &O::router, "whose turns are learned from; needed where the log has several")
          .text("decision", &O::decision, "of that router")
          .text("write", &O::out, "file for the state, that [feedback] state can name; \"\": none")
          .number("cost-weight", &O::cost_weight, "what the most expensive turn's joules are worth in verdicts")
          .range(0, 100)
          .number("discount", &O::discount, "of the next turn's value")
          .range(0, 0.999)
          .number("conservatism", &O::conservatism, "how little a model is trusted that the log hardly tried")
          .range(0, 100)
          .integer("resamples", &O::resamples, "of the bootstrap")
          .range(100, 100'000);
  Capability c = capability<O>("serve", "session-fit", "Learns which model to ask in which turn, from logged sessions.",
                               session_fit, fields);
  c.description =
      "Conservative Q-learning on the turns of conversations that users gave verdicts on (Kumar et al., NeurIPS 2020): "
      "the value of a model now counts what it does to the rest of the conversation, and a model that the log has "
      "hardly "
      "tried is not taken for good. One fifth of the conversations is kept and judged by importance weighting with the "
      "logged probabilities.";
  c.verb = Verb::decide;
  c.doors = Doors::command_line;
  c.papers = {1};
  c.emits = {"policy.session_fit.v1", "policy.feedback.v1"};
  std::string lines;
  for (int i = 0; i < 200; ++i) {
    const int turn = i % 4;
    const bool small = (i / 4 + turn) % 2;
    // The small model does well at first and badly later.
    const int good = small ? turn < 2 : 1;
    lines += fmt::format(
        R"({{"quality":{},"model":"{}","energy_j":{},"router":"auto","decision":"auto","algorithm":"thompson","propensity":0.5,"candidates":[{{"model":"small","quality":0.85,"energy_j":10}},{{"model":"large","quality":0.95,"energy_j":100}}],"seen":{{"conversation":"{:04x}","turn":{},"tool_loop":false,"prompt_tokens":{},"features":[]}}}})"
        "\n",
        good, small ? "small" : "large", small ? 10 : 100, i / 4, turn, 40 + 100 * turn);
  }
  c.examples = {{{"feedback.jsonl"}, {{"feedback.jsonl", lines}}, "50 conversations"}};
  return c;
}

}  // namespace wattline::policy
