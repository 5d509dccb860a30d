#include "ledger/project/model.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"

namespace wattline::ledger {
namespace {

using catalog::Catalog;

Criteria criteria(const Catalog& c, const std::string& stem, const std::string& per) {
  return {factor_in(c, stem + ".gwp", "kgCO2e/" + per), factor_in(c, stem + ".water", "m3/" + per),
          factor_in(c, stem + ".primary_energy", "MJ/" + per), factor_in(c, stem + ".adpe", "kg/" + per)};
}

struct Region {
  const char *name, *electricity;
};
constexpr std::array<Region, 3> regions{{{"Americas", "US"}, {"Europe", "EU"}, {"APAC", "CN"}}};

void set_electricity(PortfolioModel& m, const Catalog& c, const RegionWeights& given) {
  std::vector<std::string> names;
  for (const auto& r : regions) names.emplace_back(r.name);
  double sum = 0;
  for (const auto& [name, weight] : given) {
    if (std::find(names.begin(), names.end(), name) == names.end()) throw unknown_name("region", name, names);
    if (!(weight >= 0) || !std::isfinite(weight))
      throw bad_input(fmt::format("region '{}' has the weight {}; 0 or more is allowed", name, weight), "--region");
    sum += weight;
  }
  if (!given.empty() && sum <= 0) throw bad_input("all regions have the weight 0", "--region");
  for (const auto& r : regions) {
    double w = 0;
    if (given.empty()) w = factor_in(c, fmt::format("project.region.{}.weight", r.name));
    else if (const auto it = given.find(r.name); it != given.end()) w = it->second / sum;
    m.region_weights[r.name] = w;
    m.electricity += criteria(c, fmt::format("project.electricity.{}", r.electricity), "kWh") * w;
  }
}

}  // namespace

const std::vector<std::string>& ai_task_names() {
  static const std::vector<std::string> names{"chat", "rag", "agents", "tabular", "computer_vision", "nlp"};
  return names;
}
const std::vector<std::string>& model_size_names() {
  static const std::vector<std::string> names{"low", "medium", "high"};
  return names;
}
const std::vector<std::string>& ai_family_names() {
  static const std::vector<std::string> names{"agents", "genai_other", "computer_vision", "nlp", "tabular"};
  return names;
}
AiFamily family_of(AiTask t) {
  switch (t) {
    case AiTask::chat:
    case AiTask::rag: return AiFamily::genai_other;
    case AiTask::agents: return AiFamily::agents;
    case AiTask::tabular: return AiFamily::tabular;
    case AiTask::computer_vision: return AiFamily::computer_vision;
    case AiTask::nlp: return AiFamily::nlp;
  }
  return AiFamily::genai_other;
}

double factor_in(const Catalog& c, std::string_view id, std::string_view unit) {
  const auto& f = c.factor(id);
  if (f.unit == unit) return f.value;  // to the last digit
  const Unit have = parse_unit(f.unit), want = parse_unit(unit);
  if (have.dimension != want.dimension)
    throw bad_input(fmt::format("the factor '{}' is in '{}', where '{}' or the like belongs", id, f.unit, unit));
  return f.value * have.scale / want.scale;
}

PortfolioModel portfolio_model(const Catalog& c, const RegionWeights& weights) {
  PortfolioModel m;
  const auto get = [&](const std::string& id, std::string_view unit = {}) {
    return factor_in(c, "project." + id, unit);
  };
  for (std::size_t s = 0; s < model_sizes; ++s) {
    const std::string& name = model_size_names()[s];
    const std::string stem = "size." + name + ".";
    m.sizes[s] = {get(stem + "slices"), get(stem + "ttft_short", "s"), get(stem + "ttft_long", "s"),
                  get(stem + "speed", "tokens/s")};
    if (!(m.sizes[s].speed > 0)) throw bad_input("a speed of output that is not above 0", "project." + stem + "speed");
    m.mix[s] = get("mix." + name);
  }
  for (std::size_t t = 0; t < ai_tasks; ++t) {
    const std::string stem = "task." + ai_task_names()[t] + ".";
    auto& task = m.tasks[t];
    if (is_generative(static_cast<AiTask>(t))) {
      task.tokens_in = get(stem + "tokens_in", "tokens");
      task.tokens_out = get(stem + "tokens_out", "tokens");
      task.calls = get(stem + "calls");
      task.nlp = get(stem + "nlp_inferences");
    } else {
      task.energy = get(stem + "energy", "kWh");
      task.data = get(stem + "data", "GB");
      task.training = get(stem + "training", "kWh");
    }
  }
  m.slice_watts = get("vgpu_power", "W");
  m.core_watts = get("vcpu_power", "W");
  m.pue = get("pue");
  m.wue = get("wue", "L/kWh");
  m.storage_watts = get("storage_power", "W/GB");
  m.network_kwh = get("network_energy", "kWh/GB");
  m.token_bytes = get("bytes_per_token", "B/token");
  m.working_days = get("working_days");
  m.life_years = get("use_case_life", "year");
  if (!(m.slice_watts > 0) || !(m.core_watts > 0) || !(m.pue >= 1) || !(m.life_years > 0))
    throw bad_input("powers and lives above 0 and a PUE of 1 or more belong there", "factors_project.csv");
  for (const auto task : {AiTask::computer_vision, AiTask::nlp})
    m.tasks[static_cast<std::size_t>(task)].compute =
        get("task." + ai_task_names()[static_cast<std::size_t>(task)] + ".compute", "kWh");
  // Of tabular models the paper names the whole alone.
  auto& tabular = m.tasks[static_cast<std::size_t>(AiTask::tabular)];
  tabular.compute =
      std::max(0.0, tabular.energy - tabular.data * (m.network_kwh + m.storage_watts * 8760 * m.pue / 1000));
  m.water = criteria(c, "project.water", "L");
  m.slice_hour = criteria(c, "project.embodied.vgpu", "h");
  m.core_hour = criteria(c, "project.embodied.vcpu", "h");
  m.storage_gb_hour = criteria(c, "project.embodied.storage", "GB/h");
  m.network_gb = criteria(c, "project.embodied.network", "GB");
  set_electricity(m, c, weights);
  return m;
}

void use_portfolio_factors(Result& out, const Catalog& c) {
  std::map<std::pair<std::string, std::string>, FactorUse> lines;
  for (const auto& f : c.factors()) {
    if (f.group != "project" || f.id.ends_with("_published") || f.id.find(".published") != std::string::npos ||
        f.id.starts_with("project.evidence") || f.id.starts_with("project.target"))
      continue;
    const auto dot = f.id.rfind('.');
    const std::string stem = f.id.substr(0, dot), name = f.id.substr(dot + 1);
    const FactorUse one = f.use();
    auto [it, fresh] = lines.try_emplace({stem, f.origin.source}, one);
    FactorUse& line = it->second;
    if (fresh) {
      line.id = stem + "." + name;
      line.description = stem;
      line.value = name + " " + one.value;
    } else {
      line.id += "," + name;
      line.value += ", " + name + " " + one.value;
    }
  }
  for (auto& [key, line] : lines) out.use(std::move(line));
}

Demand& Demand::operator+=(const Demand& o) {
  inferences += o.inferences, calls += o.calls, tokens_in += o.tokens_in, tokens_out += o.tokens_out;
  nlp += o.nlp, training_kwh += o.training_kwh;
  return *this;
}

Demand demand_of(const PortfolioModel& m, AiTask task, double inferences) {
  const auto& t = m.tasks[static_cast<std::size_t>(task)];
  Demand d;
  d.inferences = inferences;
  d.calls = inferences * t.calls;
  d.tokens_in = d.calls * t.tokens_in;
  d.tokens_out = d.calls * t.tokens_out;
  d.nlp = inferences * t.nlp;
  return d;
}

Footprint footprint(const PortfolioModel& m, AiTask task, std::size_t size, const Demand& d) {
  Footprint f;
  const auto& t = m.tasks[static_cast<std::size_t>(task)];
  double slice_hours = 0, core_hours = 0, stored_gb = 0, sent_gb = 0;
  const double compute_hours_per_kwh = 1000 / (m.pue * m.slice_watts);
  if (is_generative(task)) {
    const auto& s = m.sizes[size];
    const double seconds =
        d.calls * (task == AiTask::rag ? s.ttft_long : s.ttft_short) + (s.speed > 0 ? d.tokens_out / s.speed : 0);
    slice_hours = s.slices * seconds / 3600;
    const double nlp_kwh = d.nlp * m.tasks[static_cast<std::size_t>(AiTask::nlp)].compute;
    f.kwh = slice_hours * m.slice_watts * m.pue / 1000 + nlp_kwh;
    slice_hours += nlp_kwh * compute_hours_per_kwh;
    sent_gb = stored_gb = (d.tokens_in + d.tokens_out) * m.token_bytes / 1e9;
  } else {
    f.kwh = d.inferences * t.energy;
    // Vision and language models run on a slice of a GPU, tables on a core: the paper's embodied figures say so.
    if (task == AiTask::tabular) core_hours = d.inferences * t.compute * 1000 / (m.pue * m.core_watts);
    else slice_hours = d.inferences * t.compute * compute_hours_per_kwh;
    sent_gb = stored_gb = d.inferences * t.data;
  }
  f.kwh += d.training_kwh;
  slice_hours += d.training_kwh * compute_hours_per_kwh;
  f.electricity = m.electricity * f.kwh;
  f.cooling = m.water * (f.kwh / m.pue * m.wue);
  f.embodied = m.slice_hour * slice_hours + m.core_hour * core_hours;
  if (m.whole_embodied) f.embodied += m.storage_gb_hour * (stored_gb * 8760) + m.network_gb * sent_gb;
  return f;
}

Footprint inference_footprint(const PortfolioModel& m, AiTask task, std::size_t size) {
  return footprint(m, task, size, demand_of(m, task, 1));
}

std::string eco_score(const Catalog& c, double kwh) {
  for (const char* grade : {"A", "B", "C", "D", "E", "F"})
    if (kwh < factor_in(c, fmt::format("project.eco_score.{}", grade), "kWh")) return grade;
  return "G";
}

}  // namespace wattline::ledger
