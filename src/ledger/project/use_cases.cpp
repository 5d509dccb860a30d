#include "ledger/project/use_cases.h"

#include <cmath>

#include <fmt/format.h>

#include "ledger/project/user_rows.h"

namespace wattline::ledger {
namespace {

const std::vector<UserColumn>& case_columns() {
  static const std::vector<UserColumn> columns{
      {"name", "", true},   {"task", "", true},           {"users", "", true},         {"requests_per_day", "", true},
      {"size", "", false},  {"size_low", "%", false},     {"size_medium", "%", false}, {"size_high", "%", false},
      {"cases", "", false}, {"working_days", "", false},  {"tokens_in", "", false},    {"tokens_out", "", false},
      {"calls", "", false}, {"within_factor", "", false}, {"hosting", "", false}};
  return columns;
}
const std::vector<UserColumn>& log_columns() {
  static const std::vector<UserColumn> columns{{"task", "", false},      {"tokens_in", "", true},
                                               {"tokens_out", "", true}, {"requests", "", false},
                                               {"calls", "", false},     {"energy", "J", false}};
  return columns;
}

void read_sizes(const UserRow& row, const PortfolioModel& m, UseCase& u) {
  const char* shares[] = {"size_low", "size_medium", "size_high"};
  bool any = false;
  for (const char* s : shares) any = any || row.has(s);
  if (!is_generative(u.task)) {
    if (any || row.has("size"))
      row.fail(any ? "size_low" : "size", fmt::format("only chat, rag and agents have sizes; the task is {}",
                                                      ai_task_names()[static_cast<std::size_t>(u.task)]));
    u.sizes = {1, 0, 0};
    return;
  }
  if (any && row.has("size")) row.fail("size", "given beside shares of sizes", "leave one of them empty");
  if (any) {
    double all = 0;
    for (std::size_t i = 0; i < model_sizes; ++i) all += u.sizes[i] = row.number_or(shares[i], 0, 1, 0);
    if (std::abs(all - 1) > 0.001)
      row.fail("size_low", fmt::format("the shares of sizes add up to {:.4g} %; 100 % is needed", 100 * all));
    for (double& s : u.sizes) s /= all;
    return;
  }
  static const std::vector<std::string> names{"low", "medium", "high", "mix"};
  const auto size = row.choice("size", names);
  if (!size || *size == 3) u.sizes = m.mix;
  else u.sizes[*size] = 1;
}

}  // namespace

std::vector<UseCase> reference_use_cases(const catalog::Catalog& c, const PortfolioModel& m) {
  std::vector<UseCase> out;
  const double frequency = factor_in(c, "project.requests_per_user", "1/day");
  const double agents = factor_in(c, "project.agents_request_weight");
  for (std::size_t t = 0; t < ai_tasks; ++t) {
    const auto task = static_cast<AiTask>(t);
    const std::string stem = "project.reference." + ai_task_names()[t] + ".";
    const double cases = factor_in(c, stem + "cases");
    for (const int users : {10, 100, 1000, 10000}) {
      const double share = factor_in(c, fmt::format("{}users_{}", stem, users));
      if (share <= 0) continue;
      UseCase u;
      u.name = fmt::format("{}, {} users", ai_task_names()[t], users);
      u.task = task;
      u.sizes = is_generative(task) ? m.mix : std::array<double, model_sizes>{1, 0, 0};
      u.cases = cases * share;
      u.users = users;
      u.requests_per_day = frequency * (task == AiTask::agents ? agents : 1);
      u.days = m.working_days;
      u.tokens_in = m.tasks[t].tokens_in;
      u.tokens_out = m.tasks[t].tokens_out;
      u.calls = m.tasks[t].calls;
      out.push_back(std::move(u));
    }
  }
  return out;
}

std::vector<UseCase> read_use_cases(std::string_view content, const std::string& where, const PortfolioModel& m) {
  std::vector<UseCase> out;
  for (const auto& row : read_user_rows(content, where, case_columns())) {
    UseCase u;
    u.name = row.text("name");
    u.task = static_cast<AiTask>(*row.choice("task", ai_task_names()));
    read_sizes(row, m, u);
    const auto& task = m.tasks[static_cast<std::size_t>(u.task)];
    u.cases = row.number_or("cases", 0, 1e9, 1);
    u.users = *row.number("users", 0, 1e10);
    u.requests_per_day = *row.number("requests_per_day", 0, 1e9);
    u.days = row.number_or("working_days", 0, 366, m.working_days);
    for (const char* column : {"tokens_in", "tokens_out", "calls"})
      if (!is_generative(u.task) && row.has(column)) row.fail(column, "only chat, rag and agents have it");
    u.tokens_in = row.number_or("tokens_in", 0, 1e9, task.tokens_in);
    u.tokens_out = row.number_or("tokens_out", 0, 1e9, task.tokens_out);
    u.calls = row.number_or("calls", 0, 1e6, task.calls);
    u.times = row.number_or("within_factor", 1, 1000, 2);
    static const std::vector<std::string> hosts{"cloud", "owned"};
    u.hosting = static_cast<Hosting>(row.choice("hosting", hosts).value_or(0));
    out.push_back(std::move(u));
  }
  return out;
}

TokenLog read_token_log(std::string_view content, const std::string& where) {
  static const std::vector<std::string> tasks{"chat", "rag", "agents"};
  TokenLog out;
  for (const auto& row : read_user_rows(content, where, log_columns())) {
    auto& use = out[static_cast<AiTask>(row.choice("task", tasks).value_or(0))];
    const double requests = row.number_or("requests", 0, 1e15, 1);
    use.requests += requests;
    use.calls += row.number_or("calls", 0, 1e15, requests);
    use.calls_known = use.calls_known || row.has("calls");
    use.tokens_in += *row.number("tokens_in", 0, 1e18);
    use.tokens_out += *row.number("tokens_out", 0, 1e18);
    if (const auto joules = row.number("energy", 0, 1e18)) {
      use.joules += *joules;
      use.with_energy += requests;
    }
  }
  return out;
}

void take_tokens(const TokenLog& log, PortfolioModel& m) {
  for (const auto& [task, use] : log) {
    if (!(use.requests > 0) || !(use.calls > 0)) continue;
    auto& t = m.tasks[static_cast<std::size_t>(task)];
    if (use.calls_known) t.calls = use.calls / use.requests;
    t.tokens_in = use.tokens_in / use.calls;
    t.tokens_out = use.tokens_out / use.calls;
  }
}

void add_demand(DemandTable& table, const PortfolioModel& m, const UseCase& u) {
  const auto t = static_cast<std::size_t>(u.task);
  for (std::size_t s = 0; s < model_sizes; ++s) {
    const double n = u.inferences() * u.sizes[s];
    if (n <= 0) continue;
    Demand d;
    d.inferences = n;
    if (is_generative(u.task)) {
      d.calls = n * u.calls;
      d.tokens_in = d.calls * u.tokens_in;
      d.tokens_out = d.calls * u.tokens_out;
      d.nlp = n * m.tasks[t].nlp;
    }
    table[t][s] += d;
  }
  table[t][0].training_kwh += u.cases * m.tasks[t].training / m.life_years;
}

DemandTable demand_of(const PortfolioModel& m, const std::vector<UseCase>& cases) {
  DemandTable out{};
  for (const auto& u : cases) add_demand(out, m, u);
  return out;
}

FamilyFootprints footprints(const PortfolioModel& m, const DemandTable& demand) {
  FamilyFootprints out{};
  for (std::size_t t = 0; t < ai_tasks; ++t)
    for (std::size_t s = 0; s < model_sizes; ++s) {
      const auto task = static_cast<AiTask>(t);
      out[static_cast<std::size_t>(family_of(task))] += footprint(m, task, s, demand[t][s]);
    }
  return out;
}

Footprint sum(const FamilyFootprints& all) {
  Footprint out;
  for (const auto& f : all) out += f;
  return out;
}

}  // namespace wattline::ledger
