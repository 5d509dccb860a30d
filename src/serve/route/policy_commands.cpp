#include "serve/route/policy_commands.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/write_whole.h"
#include "policy/check/check.h"
#include "policy/check/run_probes.h"
#include "policy/language/language.h"
#include "policy/learned/encoder_signals.h"
#include "policy/learned/knowledge.h"
#include "serve/openai.h"
#include "serve/plugins/compression_command.h"
#include "serve/plugins/explain_plugins.h"
#include "serve/plugins/json_edits.h"
#include "serve/route/request_reader.h"
#include "text/find_encoder.h"

namespace wattline::serve {
namespace {

constexpr std::size_t largest = std::size_t{16} << 20;

struct PolicyCheckOptions {
  InputFile policy, probes;
  std::vector<std::string> suppress, models, knowledge;
  bool heuristic = false;
};

std::string percent(std::size_t part, std::size_t all) {
  return all == 0 ? "none" : fmt::format("{:.1f} %", 100.0 * static_cast<double>(part) / static_cast<double>(all));
}

void add_findings(Result& r, const std::vector<policy::Finding>& findings) {
  if (findings.empty()) return;
  Table t("serve.policy_findings.v1");
  t.text("level").text("code").text("where").text("message").text("mend").text("example");
  for (const auto& f : findings) t.add_row({policy::to_string(f.level), f.code, f.where, f.message, f.fix, f.example});
  r.add(std::move(t));
}

// Signals that need a model, on the encoder that is there.
std::shared_ptr<const policy::LearnedSignals> learned_for(const policy::Policy& p, const text::FoundEncoder& found,
                                                          const std::vector<std::string>& knowledge,
                                                          std::vector<policy::Finding>& findings) {
  policy::LearnedParts parts{found.encoder, {}};
  for (const auto& given : knowledge) {
    const auto equals = given.find('=');
    if (equals == std::string::npos)
      throw bad_input(fmt::format("'{}' has no '='", given), "--knowledge", "NAME=FILE, the name as the policy has it");
    const std::string path = given.substr(equals + 1);
    parts.knowledge.push_back(
        policy::read_knowledge(InputFile::from_path(path).read(largest), given.substr(0, equals), path));
  }
  return policy::make_encoder_signals(*policy::Engine::compile(p), std::move(parts), findings);
}

Result policy_check(const PolicyCheckOptions& o, Context&) {
  std::vector<policy::Finding> findings;
  const auto document = policy::read_policy(o.policy.read(largest), o.policy.name(), {}, &findings);
  const text::FoundEncoder found = text::find_encoder();
  policy::CheckOptions options;
  options.suppressed = o.suppress;
  options.models = o.models;
  if (!o.heuristic) options.encode = [&](std::string_view t) { return found.encoder->encoded(t); };
  if (!policy::has_errors(findings))
    for (auto& f : policy::check(document, options)) findings.push_back(std::move(f));

  Result r;
  r.title = fmt::format("{}: {} signals, {} decisions, {} recipes", o.policy.name(), document.main.signals.size(),
                        document.main.decisions.size(), document.recipes.size());
  std::size_t failed = 0;
  if (o.probes.given() && !policy::has_errors(findings)) {
    std::vector<policy::Finding> faults;
    const auto set = policy::read_probes(o.probes.read(largest), o.probes.name(), faults);
    for (auto& f : faults) findings.push_back(std::move(f));
    // Twice: what needs no model must hold by itself; the rest tells how good the encoder is for this policy.
    const auto crisp = policy::run_probes(document, set);
    using Outcome = policy::ProbeOutcome::Result;
    const std::size_t crisp_run = crisp.count(Outcome::passed) + crisp.count(Outcome::failed);
    Table t("serve.probes.v1");
    t.text("probes").integer("passed").integer("of").text("share");
    const auto row = [&](const std::string& name, std::size_t passed, std::size_t of) {
      t.add_row({name, static_cast<std::int64_t>(passed), static_cast<std::int64_t>(of), percent(passed, of)});
    };
    row("that depend on heuristic signals alone", crisp.count(Outcome::passed), crisp_run);
    failed = crisp.count(Outcome::failed);
    Table misses("serve.probe_misses.v1");
    misses.text("probe").text("signals", "heuristic: none else was needed").text("got").text("why");
    const auto add_misses = [&](const policy::ProbeReport& report, const char* signals) {
      for (const auto& p : report.outcomes)
        if (p.result == Outcome::failed)
          misses.add_row({p.probe->group + "/" + p.probe->id, signals, p.decision, p.why});
    };
    add_misses(crisp, "heuristic");
    if (!o.heuristic) {
      std::vector<policy::Finding> unserved;
      std::set<std::string> told;
      const auto all = policy::run_probes(document, set, [&](const policy::Policy& p) {
        const auto learned = learned_for(p, found, o.knowledge, unserved);
        if (told.insert(learned->description()).second) r.note("Learned signals: " + learned->description() + ".");
        return learned;
      });
      row("all, with learned signals", all.count(Outcome::passed), all.outcomes.size());
      for (const auto& n : found.notes) r.note(n);
      for (auto& f : unserved) findings.push_back(std::move(f));
      add_misses(all, "all");
    }
    r.add(std::move(t));
    if (misses.rows() > 0) r.add(std::move(misses));
  }
  add_findings(r, findings);
  const auto bad = std::count_if(findings.begin(), findings.end(), [](const policy::Finding& f) {
    return f.level == policy::Finding::Level::error || f.level == policy::Finding::Level::conflict;
  });
  r.verdict = Verdict{bad == 0 && failed == 0,
                      bad == 0 && failed == 0 ? "the policy can run and nothing in it contradicts"
                                              : fmt::format("{} errors and conflicts, {} probes failed", bad, failed)};
  return r;
}

struct ExplainOptions {
  InputFile policy, request;
  std::string prompt, model = "auto";
  bool heuristic = false, body = false;
};

Result explain(const ExplainOptions& o, Context&) {
  const auto document = policy::read_policy(o.policy.read(largest), o.policy.name());
  const auto engine = policy::Engine::compile(document.policy_for(o.model));
  const auto scratch = engine->scratch();
  if (o.prompt.empty() == !o.request.given())
    throw bad_input(o.prompt.empty() ? "there is nothing to explain" : "there are a prompt and a request", "prompt",
                    "give a prompt, or --request with the body of a chat completion");
  std::string body = o.request.given()
                         ? o.request.read(largest)
                         : fmt::format("{{\"model\":{},\"messages\":[{{\"role\":\"user\",\"content\":{}}}]}}",
                                       json_quoted(o.model), json_quoted(o.prompt));
  ChatReader checker;
  if (const auto read = checker.read(body); const auto* e = std::get_if<ApiError>(&read))
    throw bad_input(e->message, o.request.name(), "give the body of a chat completion, as a client would send it");
  RequestReader reader;
  policy::RequestView request;
  reader.read(body, request);
  if (!o.request.given()) request.model = o.model;
  std::vector<policy::Finding> unserved;
  std::shared_ptr<const policy::LearnedSignals> learned;
  const auto all = engine->signals();
  if (!o.heuristic && std::any_of(all.begin(), all.end(), [](const auto& s) { return s.learned; }))
    learned = policy::make_encoder_signals(*engine, {text::find_encoder().encoder, {}}, unserved);
  const policy::Outcome outcome = engine->decide(request, *scratch, learned.get(), std::chrono::seconds(10));

  Result r;
  if (outcome.decision < 0) {
    r.title = "No decision matches";
  } else {
    const auto& d = engine->policy().decisions[static_cast<std::size_t>(outcome.decision)];
    r.title = fmt::format("Decision '{}', confidence {:.2f}", d.name, outcome.confidence);
    if (!d.description.empty()) r.note(d.description);
    Table models("serve.explain_models.v1");
    models.text("candidate").text("settings");
    for (const auto& m : d.models) models.add_row({m.model, m.fields.dump()});
    models.title = fmt::format("Chosen among by {}", d.algorithm ? d.algorithm->name : "static");
    if (models.rows() > 0) r.add(std::move(models));
    explain_plugins(r, engine->policy(), d, body, o.body);
  }
  Table signals("serve.explain_signals.v1");
  signals.title = "Signals that were evaluated";
  signals.text("signal").text("matched").number("confidence").number("raw");
  using State = policy::SignalValue::State;
  for (std::size_t i = 0; i < engine->signals().size(); ++i) {
    const auto v = engine->value(static_cast<policy::SignalIndex>(i), *scratch);
    if (v.state == State::unknown) continue;
    const auto& info = engine->signals()[i];
    signals.add_row({fmt::format("{}({})", info.type, info.name),
                     v.state == State::failed ? "failed"
                     : v.state == State::late ? "late"
                     : v.match                ? "yes"
                                              : "no",
                     std::round(static_cast<double>(v.confidence) * 1000) / 1000,
                     std::round(static_cast<double>(v.raw) * 1000) / 1000});
  }
  r.add(std::move(signals));
  Table others("serve.explain_decisions.v1");
  others.title = "Decisions";
  others.text("decision").text("matched").integer("tier").integer("priority");
  for (std::size_t d = 0; d < engine->policy().decisions.size(); ++d) {
    const auto& decision = engine->policy().decisions[d];
    others.add_row({decision.name, engine->matched(static_cast<int>(d), *scratch) ? "yes" : "no", decision.tier,
                    decision.priority});
  }
  r.add(std::move(others));
  if (learned) r.note("Learned signals: " + learned->description() + ".");
  return r;
}

struct ConvertOptions {
  InputFile policy;
  policy::Language to = policy::Language::toml;
  std::string out;
};

Result convert(const ConvertOptions& o, Context&) {
  const auto document = policy::read_policy(o.policy.read(largest), o.policy.name());
  const std::string text = policy::write_policy(document, o.to);
  Result r;
  r.title = fmt::format("{} as {}", o.policy.name(), policy::to_string(o.to));
  if (o.out.empty()) {
    r.note(text);
  } else {
    write_whole(o.out, text);
    r.note(fmt::format("Written: {} ({} bytes).", o.out, text.size()));
  }
  return r;
}

constexpr std::string_view sample = R"([[signal]]
type = "keyword"
name = "urgent"
keywords = ["urgent", "asap"]

[[model]]
name = "small"

[[model]]
name = "large"

[[decision]]
name = "now"
priority = 2
when = 'keyword("urgent")'
models = ["small"]

[[decision]]
name = "rest"
priority = 1
models = ["large"]
)";

}  // namespace

std::vector<Capability> policy_capabilities() {
  std::vector<Capability> out;
  {
    using O = PolicyCheckOptions;
    auto c = capability<O>(
        "serve", "policy-check", "Whether a routing policy is right: contradictions, hidden rules, probes.",
        policy_check,
        Fields<O>()
            .file("policy", &O::policy, "the policy: TOML, the vLLM Semantic Router's YAML or its language")
            .required()
            .positional()
            .file("probes", &O::probes, "prompts with the decisions they should get (probes.yaml)")
            .list("suppress", &O::suppress, "a code of findings not to be told")
            .list("model", &O::models, "a model that is known beside those of the policy")
            .list("knowledge", &O::knowledge, "NAME=FILE: a knowledge base of the policy (JSON)")
            .flag("heuristic", &O::heuristic, "without the sentence encoder"));
    c.description =
        "Reads the policy with every fault in it, then looks for what contradicts, hides or cannot hold (docs/formats/"
        "policy.md lists the codes), each with a request for which it happens. With probes it runs those that depend "
        "on "
        "heuristic signals alone, which must all hold, and all of them with the encoder that this machine has.";
    c.verb = Verb::decide;
    c.doors = Doors::command_line;
    c.papers = {1};
    c.emits = {"serve.policy_findings.v1", "serve.probes.v1", "serve.probe_misses.v1"};
    c.examples = {{{"policy.toml"}, {{"policy.toml", std::string(sample)}}, "can run"}};
    out.push_back(std::move(c));
  }
  {
    using O = ExplainOptions;
    auto c = capability<O>("serve", "explain", "What a routing policy does with a prompt, and why.", explain,
                           Fields<O>()
                               .file("policy", &O::policy, "the policy")
                               .required()
                               .positional()
                               .text("prompt", &O::prompt, "what a user asks")
                               .positional()
                               .file("request", &O::request, "in its place: the body of a chat completion (JSON)")
                               .text("model", &O::model, "the virtual model that is asked for")
                               .flag("heuristic", &O::heuristic, "without the sentence encoder")
                               .flag("body", &O::body, "show the body that plugins would send"));
    c.description =
        "A dry run: no model is asked. Shows the decision with its confidence, what its plugins would do, the signals "
        "that were evaluated with their values, and the decisions that matched.";
    c.verb = Verb::decide;
    c.doors = Doors::command_line;
    c.papers = {1};
    c.emits = {"serve.explain_models.v1", "serve.explain_plugins.v1", "serve.explain_signals.v1",
               "serve.explain_decisions.v1"};
    c.examples = {{{"policy.toml", "This is urgent!"}, {{"policy.toml", std::string(sample)}}, "Decision 'now'"}};
    out.push_back(std::move(c));
  }
  {
    using O = ConvertOptions;
    auto c = capability<O>("serve", "policy-convert", "Writes a routing policy in another language.", convert,
                           Fields<O>()
                               .file("policy", &O::policy, "the policy")
                               .required()
                               .positional()
                               .enumeration("to", &O::to, {"toml", "yaml", "dsl"}, "the language")
                               .text("out", &O::out, "the file to write; absent: it is shown"));
    c.description = "Every field is kept, known or not, so that writing it in another language and back loses nothing.";
    c.verb = Verb::decide;
    c.doors = Doors::command_line;
    c.papers = {1};
    c.examples = {{{"policy.toml", "--to", "dsl"}, {{"policy.toml", std::string(sample)}}, "ROUTE now"}};
    out.push_back(std::move(c));
  }
  out.push_back(compression_capability());
  return out;
}

}  // namespace wattline::serve
