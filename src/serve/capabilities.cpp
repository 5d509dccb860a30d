#include "serve/capabilities.h"

#include "policy/adapt/adaptation_study.h"
#include "policy/evaluate/evaluate.h"
#include "policy/evaluate/feedback_log.h"
#include "policy/evaluate/session_fit.h"
#include "policy/tools/tools_study.h"
#include "serve/compare.h"
#include "serve/key_command.h"
#include "serve/route/policy_commands.h"
#include "serve/schema_command.h"
#include "serve/semantic/study_command.h"
#include "serve/service.h"
#include "serve/workload.h"

namespace wattline::serve {

std::vector<Capability> capabilities() {
  std::vector<Capability> out;

  auto start = capability<ServeOptions>("serve", "start",
                                        "The gateway: an OpenAI-compatible server that tells what every answer cost.",
                                        serve, serve_fields());
  start.description =
      "Serves /v1/models and /v1/chat/completions, whole and as streams, from the built-in models and from any "
      "OpenAI-compatible servers "
      "that the configuration names. Every answer comes with tokens, latency, time to first token, energy with its "
      "method and interval, "
      "gCO2e and millilitres of water: as x-wattline-* headers, in usage.wattline, at /api/v1/answers/{id}, at "
      "/metrics, on the page at / "
      "and in the ledger.\n\n"
      "Energy: of the built-in models, the CPU time of the answering thread; of an upstream on this machine, the CPU "
      "time of its "
      "process shared among the requests under way; of one whose machine has a `wattline agent`, what that measures; "
      "otherwise modelled by the roofline of the catalog's model and "
      "device.\n\n"
      "SIGTERM and SIGINT let what is under way come to its end. On loopback Host and Origin are checked; off loopback "
      "a key is needed.";
  start.verb = Verb::observe;
  start.cost = Cost::service;
  start.doors = Doors::command_line;
  start.papers = {1};
  start.emits = {"serve.totals.v1"};
  start.aliases = {"serve"};
  out.push_back(std::move(start));

  auto check = capability<CheckOptions>("serve", "check",
                                        "Whether a gateway configuration can be served, with every fault in it.",
                                        check_config, check_fields());
  check.description =
      "Reads the file as the gateway would and lists what is wrong with line, field, value found and what is allowed: "
      "syntax, unknown "
      "keys, bounds, environment variables that hold no key, names that the catalog does not know, models whose energy "
      "could neither "
      "be measured nor modelled. Nothing is contacted.";
  check.verb = Verb::decide;
  check.doors = Doors::command_line;
  check.emits = {"serve.models.v1", "serve.faults.v1"};
  check.examples = {{{"gateway.toml"},
                     {{"gateway.toml",
                       "[server]\nplace = \"FR\"\n\n[[upstream]]\nname = \"gpu\"\nurl = \"https://llm.example/v1\"\n"
                       "device = \"NVIDIA H100 SXM\"\nmodels = [\"llama-3.1-8b\"]\n"}},
                     "can be served"}};
  out.push_back(std::move(check));

  out.push_back(schema_capability());
  for (auto& c : policy_capabilities()) out.push_back(std::move(c));

  auto key =
      capability<KeyOptions>("serve", "key", "Makes a key that lets a tenant's clients in.", make_key, key_fields());
  key.description =
      "A key is 256 random bits after `wl_`. It is shown this once; the configuration holds its SHA-256 only, in the "
      "lines that are "
      "printed with it. A gateway that runs makes keys by its admin API (docs/formats/admin-api.md) without a new "
      "start.";
  key.verb = Verb::decide;
  key.doors = Doors::command_line;
  key.emits = {"serve.key.v1"};
  key.examples = {{{"new", "--tenant", "lab", "--id", "laptop"}, {}, "sha256 = "}};
  out.push_back(std::move(key));

  auto audit = capability<AuditOptions>("serve", "audit", "Whether a gateway's audit log is whole and unchanged.",
                                        verify_audit, audit_fields());
  audit.description =
      "Follows the hash chain through the lines of the log and names the first that was changed, taken out, put in or "
      "moved. That lines "
      "were cut off at the end shows to who kept the last hash.";
  audit.verb = Verb::account;
  audit.doors = Doors::command_line;
  audit.emits = {"serve.audit.v1"};
  audit.examples = {{{"audit.jsonl"}, {{"audit.jsonl", ""}}, "the chain holds"}};
  out.push_back(std::move(audit));

  auto compared = capability<CompareOptions>(
      "serve", "compare", "The same questions to several models and routers: accuracy, joules, latency and an oracle.",
      run_compare, compare_fields());
  compared.description =
      "Asks each question of every model and router of a running server, one after the other, so that all meet the "
      "same "
      "machine. Without a file the questions are held-out ones of the built-in tasks, six of ten easy. The energy of a "
      "routed answer holds what routing cost and what failed attempts of a cascade cost. The oracle is computed, not "
      "asked.";
  compared.verb = Verb::observe;
  compared.cost = Cost::job;
  compared.doors = Doors::command_line;
  compared.emits = {"serve.compare.v1", "serve.compare_more.v1", "serve.compare_levels.v1"};

  compared.examples = {{{"--questions", "10", "--list"}, {}, "addition"}};
  out.push_back(std::move(compared));

  auto workload = capability<WorkloadOptions>(
      "serve", "workload", "Sends prompts through a server's front door and shows what each answer cost.", run_workload,
      workload_fields());
  workload.description =
      "Asks an OpenAI-compatible server the prompts of a CSV file, or some forty built-in ones, one after the other, "
      "and tells for each "
      "whether the answer holds what was expected and what it cost as the server accounts for it (usage.wattline). "
      "Other servers "
      "answer too; their answers then come without a cost, and the result says so.";
  workload.verb = Verb::observe;
  workload.cost = Cost::job;
  workload.doors = Doors::command_line;
  workload.emits = {"workload.answers.v1"};
  workload.examples = {
      {{"--file", "prompts.csv", "--list"}, {{"prompts.csv", "prompt,expected,task\n2+2=,4,addition\n"}}, "addition"}};
  out.push_back(std::move(workload));

  for (auto& c : cache_study_capabilities()) out.push_back(std::move(c));
  // Needs nothing of a gateway, but whoever runs one looks for it here.
  out.push_back(policy::evaluate_capability());
  out.push_back(policy::feedback_study_capability());
  out.push_back(policy::session_fit_capability());
  out.push_back(policy::tools_study_capability());
  out.push_back(policy::adaptation_study_capability());
  out.push_back(policy::adaptation_capability());
  return out;
}

}  // namespace wattline::serve
