// Energy and impacts of AI inferences in a company: the model of C. Desroches et al., "Exploring the sustainable
// scaling of AI dilemma" (arXiv 2501.14334), as pure functions on plain numbers.
//
//   E [kWh] = n_llm * slices * 50.1 W * PUE * (TTFT + tokens out / speed) / 3.6e6 + n_nlp * E_nlp
//   use      = E * f_electricity + E / PUE * WUE * f_water
//   embodied = hours of GPU slice (or virtual core) * f_resource
//
// Units: kWh, kg CO2e, m3, MJ, kg Sb eq., seconds, hours. All figures are rows of factors_project.csv.
// The paper's own embodied figures hold what computes, not storage and network: `whole_embodied` adds these two.
#pragma once

#include <array>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"

namespace wattline::ledger {

enum class AiTask { chat, rag, agents, tabular, computer_vision, nlp };
inline constexpr std::size_t ai_tasks = 6, model_sizes = 3, ai_families = 5, ai_criteria = 4;
const std::vector<std::string>& ai_task_names();  // as in files: "computer_vision"
const std::vector<std::string>& model_size_names();  // low (8e9 parameters), medium (70e9), high (405e9)
constexpr bool is_generative(AiTask t) { return t <= AiTask::agents; }

// What grows at a rate of its own: agents, other generative AI, computer vision, nlp, tabular.
enum class AiFamily { agents, genai_other, computer_vision, nlp, tabular };
const std::vector<std::string>& ai_family_names();
AiFamily family_of(AiTask);

struct Criteria {
  double gwp = 0, water = 0, primary_energy = 0, adpe = 0;  // kg CO2e, m3, MJ, kg Sb eq.

  Criteria& operator+=(const Criteria& o) {
    gwp += o.gwp, water += o.water, primary_energy += o.primary_energy, adpe += o.adpe;
    return *this;
  }
  friend Criteria operator+(Criteria a, const Criteria& b) { return a += b; }
  friend Criteria operator*(const Criteria& a, double f) {
    return {a.gwp * f, a.water * f, a.primary_energy * f, a.adpe * f};
  }
  double at(std::size_t i) const { return std::array{gwp, water, primary_energy, adpe}[i]; }
};
inline constexpr std::array<const char*, ai_criteria> criterion_names{"gwp", "water", "primary_energy", "adpe"};

struct Footprint {
  double kwh = 0;
  Criteria electricity, cooling, embodied;  // of use: electricity and the water of cooling

  Criteria use() const { return electricity + cooling; }
  Criteria total() const { return electricity + cooling + embodied; }
  Footprint& operator+=(const Footprint& o) {
    kwh += o.kwh, electricity += o.electricity, cooling += o.cooling, embodied += o.embodied;
    return *this;
  }
  friend Footprint operator*(const Footprint& a, double f) {
    return {a.kwh * f, a.electricity * f, a.cooling * f, a.embodied * f};
  }
};

struct PortfolioModel {
  struct Size {
    double slices = 0, ttft_short = 0, ttft_long = 0, speed = 0;
  };
  struct Task {
    double tokens_in = 0, tokens_out = 0, calls = 0, nlp = 0;  // generative
    double energy = 0, compute = 0, data = 0, training = 0;  // others: kWh, kWh, GB, kWh over a life
  };
  std::array<Size, model_sizes> sizes{};
  std::array<Task, ai_tasks> tasks{};
  std::array<double, model_sizes> mix{};
  double slice_watts = 0, core_watts = 0, pue = 1, wue = 0, storage_watts = 0, network_kwh = 0, token_bytes = 0;
  double working_days = 0, life_years = 1;
  Criteria electricity, water, slice_hour, core_hour, storage_gb_hour, network_gb;
  bool whole_embodied = false;
  std::map<std::string, double> region_weights;  // what `electricity` is made of
};

// Weights by region of the paper (Americas, Europe, APAC); empty: the paper's. Error for others, for weights that
// are not of 0 or more, or that are all 0; they are brought to a sum of 1.
using RegionWeights = std::map<std::string, double>;
PortfolioModel portfolio_model(const catalog::Catalog&, const RegionWeights& = {});
// The rows of the catalog that the model, its scenarios and ranges are made of, those of one subject and source in one
// line: there are some 200.
void use_portfolio_factors(Result&, const catalog::Catalog&);

// What is asked of one task and size in a year; all additive.
struct Demand {
  double inferences = 0;
  double calls = 0;  // of the language model
  double tokens_in = 0, tokens_out = 0;  // over all calls
  double nlp = 0;  // inferences of a small language model beside it
  double training_kwh = 0;

  Demand& operator+=(const Demand&);
};
Demand demand_of(const PortfolioModel&, AiTask, double inferences);
Footprint footprint(const PortfolioModel&, AiTask, std::size_t size, const Demand&);
// Of a single inference; `size` counts for generative tasks alone.
Footprint inference_footprint(const PortfolioModel&, AiTask, std::size_t size);

// "A" .. "G" by energy of an inference.
std::string eco_score(const catalog::Catalog&, double kwh);

// A factor's value in `unit`; Error when its row measures something else.
double factor_in(const catalog::Catalog&, std::string_view id, std::string_view unit = {});

}  // namespace wattline::ledger
