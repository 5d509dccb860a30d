#include "policy/evaluate/evaluate.h"

#include "policy/evaluate/evaluation.h"

namespace wattline::policy {
namespace {

const Fields<EvaluateOptions>& evaluate_fields() {
  static const auto fields =
      Fields<EvaluateOptions>()
          .file("workload", &EvaluateOptions::workload,
                "recorded outcomes, CSV or JSON lines: prompts and how well each model answered")
          .required()
          .positional()
          .list("algorithm", &EvaluateOptions::algorithms,
                "algorithm to judge, a name or an object such as {\"type\":\"linucb\",\"alpha\":1}; may be repeated")
          .list("energy", &EvaluateOptions::energy,
                "joules of a model's tokens, NAME=J_IN,J_OUT[,J_REQUEST], where the workload records none; may be "
                "repeated")
          .number("min-quality", &EvaluateOptions::min_quality,
                  "of cheapest_adequate: lower bound of the probability of an adequate answer")
          .range(0, 1)
          .number("adequate", &EvaluateOptions::adequate, "quality from which an answer is adequate")
          .range(0, 1)
          .number("output-tokens", &EvaluateOptions::output_tokens, "length of an answer where none is recorded")
          .range(0, 1e6)
          .number("feedback", &EvaluateOptions::feedback, "share of answers whose quality the algorithms are told")
          .range(0, 1)
          .number("shadow", &EvaluateOptions::shadow,
                  "share of smaller models' answers that the largest gives too, for labels")
          .range(0, 1)
          .number("router-energy", &EvaluateOptions::router, "joules of the router itself, a request")
          .range(0, 1e6)
          .enumeration("stop", &EvaluateOptions::stop,
                       {"format", "avg_logprob", "margin", "hybrid", "self_verify", "votes"},
                       "of cascades: what an answer is verified by")
          .flag("encoder", &EvaluateOptions::encoder,
                "also look at training prompts nearest in meaning, by the sentence encoder there is (takes minutes)")
          .integer("folds", &EvaluateOptions::folds, "one of so many parts of the prompts is tested on")
          .range(2, 20)
          .integer("resamples", &EvaluateOptions::resamples, "of the bootstrap")
          .range(100, 100'000);
  return fields;
}

}  // namespace

Result evaluate(const EvaluateOptions& o, Context& context) {
  const Workload w = read_workload(o.workload.read(), o.workload.name());
  return tell(evaluate_workload(w, o, context), o);
}

Capability evaluate_capability() {
  Capability c =
      capability<EvaluateOptions>("serve", "evaluate", "What routing would have saved and lost, on recorded outcomes.",
                                  &evaluate, evaluate_fields());
  c.description =
      "Replays prompts with recorded outcomes of two or more models through routing algorithms, without asking any "
      "model. "
      "Part of the prompts, chosen by a hash, is learned from: n-grams, the topic they suggest and the shape of the "
      "text "
      "give for each model the probability of an adequate answer (two layers, each of which sees only what the other "
      "did "
      "not learn from; boosted trees on top), and the feature set is chosen there, too. The rest is tested on.\n\n"
      "Shown are: quality by the share of calls to the largest model with its area (APGR) and the shares that recover "
      "50 "
      "and 80 % of the gap, beside chance, length, the true domain and the oracle (Ong et al., RouteLLM, arXiv "
      "2406.18665); quality by joules of each algorithm, failed attempts and shadow traffic counted; the saving "
      "identity "
      "of context-aware switching beside the measured saving; calibration with its reliability table; regret to the "
      "oracle; what a log of even chances would have told of an algorithm it did not follow (inverse propensity, "
      "self-normalised, doubly robust); and alarms of drift. Algorithms that learn do so from their own choices alone. "
      "Intervals are 95 %, bootstrap over prompts.";
  c.verb = Verb::predict;
  c.cost = Cost::job;
  c.papers = {1, 38};
  c.emits = {"policy.ranking.v1", "policy.evaluation.v1",  "policy.behaviour.v1",
             "policy.saving.v1",  "policy.reliability.v1", "policy.off_policy.v1"};
  std::string lines = "domain,prompt,small_correct,large_correct,small_energy_j,large_energy_j\n";
  const char* easy[] = {"bread", "butter", "salt", "soup"};
  const char* hard[] = {"matrix", "group", "field", "vector"};
  for (int i = 0; i < 120; ++i) {
    const bool is_hard = i % 2;
    lines += std::string(is_hard ? "algebra" : "cooking") + ",What is true of the " +
             (is_hard ? hard : easy)[i / 2 % 4] + " in question " + std::to_string(i) + "?," +
             (is_hard && i % 7 ? "0" : "1") + "," + (i % 11 ? "1" : "0") + ",10,100\n";
  }
  c.examples = {{{"outcomes.csv"}, {{"outcomes.csv", lines}}, "Average gap recovered"},
                {{"outcomes.csv", "--algorithm", "cheapest_adequate", "--algorithm", "thompson", "--shadow", "0.02"},
                 {{"outcomes.csv", lines}},
                 "The saving identity"}};
  return c;
}

}  // namespace wattline::policy
