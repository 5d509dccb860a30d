// Lists that users write: use cases, scenarios and requests. What is taken can be calculated with.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "ledger/project/scenario.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline;
  using namespace wattline::ledger;
  static const PortfolioModel model = portfolio_model(*catalog::Catalog::load());
  const auto must = [](bool holds) {
    if (!holds) __builtin_trap();
  };
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto cases = read_use_cases(text, "cases", model);
    must(!cases.empty());
    const Footprint f = sum(footprints(model, demand_of(model, cases)));
    must(std::isfinite(f.kwh) && f.kwh >= 0 && std::isfinite(f.total().gwp));
  } catch (const Error&) {}
  try {
    const auto scenarios = read_scenarios(text, "scenarios", model);
    must(!scenarios.empty());
    for (const auto& s : scenarios) must(std::isfinite(energy_factor(s, AiFamily::agents, model.pue)));
  } catch (const Error&) {}
  try {
    PortfolioModel m = model;
    take_tokens(read_token_log(text, "tokens"), m);
    for (const auto& t : m.tasks) must(std::isfinite(t.tokens_out) && std::isfinite(t.calls));
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"name,task,users,requests_per_day,size,size_low,cases\nA,chat,10,2.5,low,,1\n\"B, C\",tabular,1e3,2,,,\n",
          R"([{"name":"A","task":"rag","users":10,"requests_per_day":2,"size_low":"40 %","size_high":60}])",
          "scenario;year;agents_cagr [%];pue\nmine;2040;55;1.1\n",
          "task\ttokens_in\ttokens_out\tcalls\nagents\t1\t2\t3\n"};
}
