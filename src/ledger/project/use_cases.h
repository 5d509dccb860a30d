// The AI use cases of a company: those of the paper's reference company from the catalog, or a user's own list
// (docs/formats/portfolio.md), and what they ask of models in a year.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/project/model.h"

namespace wattline::ledger {

enum class Hosting { cloud, owned };

struct UseCase {
  std::string name;
  AiTask task = AiTask::chat;
  std::array<double, model_sizes> sizes{};  // shares of requests, sum 1; of others than generative tasks {1, 0, 0}
  double cases = 1;  // how many such
  double users = 0, requests_per_day = 0, days = 0;
  double tokens_in = 0, tokens_out = 0, calls = 0;  // generative
  double times = 2;  // the volume is right within this factor either way (95 %)
  Hosting hosting = Hosting::cloud;

  double inferences() const { return cases * users * requests_per_day * days; }
};

// `requests_per_user` stands for the frequency that the paper does not publish; see factors_project.csv.
std::vector<UseCase> reference_use_cases(const catalog::Catalog&, const PortfolioModel&);
// CSV or JSON; Error with file, row and column.
std::vector<UseCase> read_use_cases(std::string_view content, const std::string& where, const PortfolioModel&);

// What is counted of real requests, by task, to stand for the paper's averages.
struct TokenUse {
  double requests = 0, calls = 0, tokens_in = 0, tokens_out = 0;  // sums
  bool calls_known = false;  // else each row is one call, and how many make a request is not told
  double joules = 0, with_energy = 0;  // at the device, of so many requests
};
using TokenLog = std::map<AiTask, TokenUse>;
// CSV or JSON with task, tokens_in, tokens_out of each request and, where known, calls, requests and energy.
TokenLog read_token_log(std::string_view content, const std::string& where);
// The model with its averages: tokens by call, and calls by request where the log knows them.
void take_tokens(const TokenLog&, PortfolioModel&);

// By task and size.
using DemandTable = std::array<std::array<Demand, model_sizes>, ai_tasks>;
void add_demand(DemandTable&, const PortfolioModel&, const UseCase&);
DemandTable demand_of(const PortfolioModel&, const std::vector<UseCase>&);
// By family: agents, other generative, computer vision, nlp, tabular.
using FamilyFootprints = std::array<Footprint, ai_families>;
FamilyFootprints footprints(const PortfolioModel&, const DemandTable&);
Footprint sum(const FamilyFootprints&);

}  // namespace wattline::ledger
