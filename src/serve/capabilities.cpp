#include "serve/capabilities.h"

#include "serve/service.h"
#include "serve/workload.h"

namespace wattline::serve {

std::vector<Capability> capabilities() {
  std::vector<Capability> out;

  auto start = capability<ServeOptions>("serve", "start", "The gateway: an OpenAI-compatible server that tells what every answer cost.", serve, serve_fields());
  start.description =
      "Serves /v1/models and /v1/chat/completions, whole and as streams, from the built-in models and from any OpenAI-compatible servers "
      "that the configuration names. Every answer comes with tokens, latency, time to first token, energy with its method and interval, "
      "gCO2e and millilitres of water: as x-wattline-* headers, in usage.wattline, at /api/v1/answers/{id}, at /metrics, on the page at / "
      "and in the ledger.\n\n"
      "Energy: of the built-in models, the CPU time of the answering thread; of an upstream on this machine, the CPU time of its "
      "process shared among the requests under way; otherwise modelled by the roofline of the catalog's model and device.\n\n"
      "SIGTERM and SIGINT let what is under way come to its end. On loopback Host and Origin are checked; off loopback a key is needed.";
  start.verb = Verb::observe;
  start.cost = Cost::service;
  start.doors = Doors::command_line;
  start.papers = {1};
  start.emits = {"serve.totals.v1"};
  start.aliases = {"serve"};
  out.push_back(std::move(start));

  auto check = capability<CheckOptions>("serve", "check", "Whether a gateway configuration can be served, with every fault in it.", check_config, check_fields());
  check.description =
      "Reads the file as the gateway would and lists what is wrong with line, field, value found and what is allowed: syntax, unknown "
      "keys, bounds, environment variables that hold no key, names that the catalog does not know, models whose energy could neither "
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

  auto workload = capability<WorkloadOptions>("serve", "workload", "Sends prompts through a server's front door and shows what each answer cost.", run_workload, workload_fields());
  workload.description =
      "Asks an OpenAI-compatible server the prompts of a CSV file, or some forty built-in ones, one after the other, and tells for each "
      "whether the answer holds what was expected and what it cost as the server accounts for it (usage.wattline). Other servers "
      "answer too; their answers then come without a cost, and the result says so.";
  workload.verb = Verb::observe;
  workload.cost = Cost::job;
  workload.doors = Doors::command_line;
  workload.emits = {"workload.answers.v1"};
  workload.examples = {{{"--file", "prompts.csv", "--list"}, {{"prompts.csv", "prompt,expected,task\n2+2=,4,addition\n"}}, "addition"}};
  out.push_back(std::move(workload));
  return out;
}

}  // namespace wattline::serve
