#include "policy/check/check.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "policy/check/scope.h"
#include "policy/engine.h"

namespace wattline::policy {

const std::vector<FindingCode>& finding_codes() {
  using Level = Finding::Level;
  static const std::vector<FindingCode> all = {
      {"duplicate-recipe", Level::error, "two recipes of one name"},
      {"unknown-recipe", Level::error, "an entry leads to a recipe that is not there"},
      {"duplicate-entry", Level::error, "one virtual model leads to two recipes"},
      {"duplicate-model", Level::error, "two cards of one model"},
      {"duplicate-projection", Level::error, "two projections of one name"},
      {"duplicate-plugin", Level::error, "two named plugins of one name"},
      {"unknown-model", Level::error, "a decision names a model of which nothing is known"},
      {"no-models", Level::error, "a decision has no models to choose from"},
      {"unknown-plugin", Level::warning, "a plugin that is neither named in the policy nor of a known type"},
      {"plugin-not-served", Level::warning, "a plugin that is kept but run by nothing here"},
      {"plugin-twice", Level::warning, "a decision has two plugins of one type; the first counts"},
      {"plugin-never-runs", Level::warning, "a plugin behind a fast response, which answers before it"},
      {"unknown-algorithm", Level::warning, "an algorithm that is not built in"},
      {"failed-test", Level::conflict, "a test in the policy gets another decision"},
      {"tests-not-run", Level::warning, "tests that depend on learned signals"},
      {"unknown-test-decision", Level::error, "a probe expects a decision that is not there"},
      {"unknown-category", Level::warning, "a domain rule names a category that no classifier gives"},
      {"missing-catch-all", Level::warning, "a request that no decision takes"},
      {"partition-single", Level::warning, "a partition of one member always gives that member"},
      {"contradiction", Level::conflict, "a condition, or a branch of one, that can never be true by itself"},
      {"exclusive-and", Level::conflict, "an AND of signals that exclude each other"},
      {"shadowed-decision", Level::conflict, "a decision that earlier ones always take the requests of"},
      {"equal-priority", Level::warning, "two decisions of one rank that one request can match"},
      {"shared-category", Level::conflict, "two domain rules share a category"},
      {"not-decided", Level::warning, "a question that was too hard"},
      {"unreachable-band", Level::conflict, "a band that the score cannot reach"},
      {"overlapping-bands", Level::conflict, "two bands share scores"},
      {"band-gap", Level::conflict, "scores between two bands that none of them takes"},
      {"empty-band", Level::conflict, "a band without scores"},
      {"embedding-overlap", Level::conflict, "a text sets off two embedding rules of different decisions"},
      {"embedding-may-overlap", Level::warning, "the caps of two embedding rules of different decisions meet"},
      {"role-without-model", Level::constraint, "a role for which no decision with a model can be reached"},
      {"context-too-small", Level::constraint, "no model of a decision holds the context that it is for"},
      {"context-partly", Level::warning, "no model of a decision holds all of the context that it is for"},
      {"missing-capability", Level::constraint, "no model of a decision says that it can what the decision is for"},
  };
  return all;
}

void Scope::add(std::string_view code, const std::string& where, std::string message, std::string fix,
                std::string example) {
  const auto& all = finding_codes();
  const auto known = std::find_if(all.begin(), all.end(), [&](const FindingCode& c) { return c.code == code; });
  if (!policy.name.empty()) message = fmt::format("recipe '{}': {}", policy.name, message);
  out.push_back({known == all.end() ? Finding::Level::error : known->level, std::string(code), where,
                 std::move(message), std::move(fix), std::move(example)});
}

std::vector<const Decision*> surely_before(const Policy& p, const Decision& decision) {
  std::vector<const Decision*> out;
  // A tier counts when any that matches has one: those without one come first of all among tiers.
  const bool tiers = std::any_of(p.decisions.begin(), p.decisions.end(), [](const Decision& d) { return d.tier > 0; });
  const bool all = std::all_of(p.decisions.begin(), p.decisions.end(), [](const Decision& d) { return d.tier > 0; });
  for (const auto& d : p.decisions) {
    if (&d == &decision) continue;
    if (tiers ? (all && d.tier < decision.tier)
              : (p.strategy == Policy::Strategy::priority && d.priority > decision.priority))
      out.push_back(&d);
  }
  return out;
}

namespace {

// The tests that travel with the policy.
void check_tests(Scope& s, const Engine& engine) {
  const auto scratch = engine.scratch();
  std::size_t not_run = 0;
  for (const auto& probe : s.policy.probes) {
    const Message message{.role = Role::user, .text = probe.query};
    RequestView request;
    request.messages = {&message, 1};
    if (!s.options.learned && !engine.begin(request, *scratch).empty()) {
      ++not_run;
      continue;
    }
    const Outcome got = engine.decide(request, *scratch, s.options.learned);
    const auto& all = s.policy.decisions;
    const std::string decision = got.decision < 0 ? "" : all[static_cast<std::size_t>(got.decision)].name;
    const bool known = std::any_of(all.begin(), all.end(), [&](const Decision& d) { return d.name == probe.decision; });
    if (decision != probe.decision && known)
      s.add("failed-test", probe.where,
            fmt::format("test '{}' expects the decision '{}', got '{}'", probe.name, probe.decision,
                        decision.empty() ? "none" : decision),
            "change the policy, or what the test expects", probe.query);
  }
  if (not_run)
    s.add("tests-not-run", s.policy.where, fmt::format("{} tests depend on learned signals and were not run", not_run),
          "give an encoder and classifiers");
}

void check_policy(const Document& d, const Policy& p, bool main, const CheckOptions& options,
                  std::vector<Finding>& out) {
  // A recipe uses the cards of the document.
  Policy whole = p;
  if (!main)
    for (const auto& card : d.main.cards)
      if (std::none_of(p.cards.begin(), p.cards.end(), [&](const Card& c) { return c.name == card.name; }))
        whole.cards.push_back(card);
  Scope scope{d, whole, options, out};
  if (main) check_document(scope);
  std::vector<Finding> compiling;
  std::shared_ptr<const Engine> engine;
  try {
    engine = Engine::compile(whole, &compiling);
  } catch (const Error& e) {
    // It tells its findings before it gives up.
    if (compiling.empty()) scope.add("cannot-compile", e.where(), e.message(), e.hint());
  }
  for (auto& f : compiling) {
    if (f.where.empty()) f.where = p.where;
    if (!p.name.empty()) f.message = fmt::format("recipe '{}': {}", p.name, f.message);
    out.push_back(std::move(f));
  }
  check_references(scope);
  check_projections(scope);
  Meaning meaning(whole);
  check_logic(scope, meaning);
  check_embeddings(scope);
  check_constraints(scope, meaning);
  if (engine) check_tests(scope, *engine);
}

}  // namespace

std::vector<Finding> check(const Document& d, const CheckOptions& options) {
  std::vector<Finding> out;
  check_policy(d, d.main, true, options, out);
  for (const auto& p : d.recipes) check_policy(d, p, false, options, out);
  std::erase_if(out, [&](const Finding& f) {
    return std::find(options.suppressed.begin(), options.suppressed.end(), f.code) != options.suppressed.end();
  });
  return out;
}

}  // namespace wattline::policy
