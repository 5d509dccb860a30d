#include "ledger/disclose/rules.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/units.h"

namespace wattline::ledger::disclose {
namespace {

using enum RuleVerdict;

std::string num(double v) { return format_number(v, 4); }

std::string lower(std::string s) {
  for (char& c : s)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return s;
}

// Bits of a value in a number format; 0 where it is a mixture.
double bits(const std::string& precision) {
  for (const int b : {64, 32, 16, 8, 4})
    if (precision.ends_with(std::to_string(b))) return precision == "tf32" ? 32 : b;
  return 0;
}

class Rules {
 public:
  Rules(const Json& m, const std::vector<Item>& items, const catalog::Catalog& catalog)
      : m_(m), items_(items), catalog_(catalog) {
    if (const auto name = text("hardware.device")) device_ = catalog.find_device(*name);
  }

  std::vector<RuleResult> run() {
    energy_of_power();
    power_of_device();
    facility();
    carbon();
    intensity();
    utilisation();
    weights();
    claims();
    requests();
    stages();
    dates();
    benchmark();
    return std::move(out_);
  }

 private:
  std::optional<double> number(std::string_view path) const {
    for (const auto& item : items_)
      if (item.path == path) return number_at(m_, item);
    return std::nullopt;
  }
  std::optional<std::string> text(std::string_view path) const { return text_at(m_, path); }
  void add(const char* id, const char* what, RuleVerdict v, std::string numbers, std::string formula,
           std::string tolerance) {
    out_.push_back({id, what, v, std::move(numbers), std::move(formula), std::move(tolerance)});
  }
  // PUE as far as it is a number.
  double pue() const { return number("site.pue").value_or(1); }
  bool facility_energy() const { return text("energy.boundary").value_or("") == "facility"; }

  void energy_of_power() {
    const auto energy = number("energy.value"), devices = number("hardware.count"), hours = number("run.hours"),
               watts = number("run.mean_power");
    const char* what = "energy is devices x hours x power";
    if (!energy || !devices || !hours || !watts)
      return add("R1", what, not_checked, "", "needs energy.value, hardware.count, run.hours, run.mean_power", "");
    const double runs = number("run.attempts_factor").value_or(1);
    double ours = *devices * *hours * *watts * runs / 1000;
    std::string formula = fmt::format("{} x {} h x {} W x {} runs", num(*devices), num(*hours), num(*watts), num(runs));
    if (facility_energy()) {
      ours *= pue();
      formula += fmt::format(" x PUE {}", num(pue()));
    }
    const std::string boundary = text("energy.boundary").value_or("gpu");
    const double ratio = ours > 0 ? *energy / ours : INFINITY;
    const bool parts = boundary == "node" || boundary == "it";
    std::string hint;
    if (std::abs(ratio / 1000 - 1) < 0.1) hint = "; Wh given as kWh? (R10)";
    if (std::abs(ratio * 1000 - 1) < 0.1) hint = "; MWh given as kWh? (R10)";
    // The rest of a machine adds to its devices: more is possible, less is not.
    const bool fine = parts ? ratio >= 0.9 && ratio <= 4 : std::abs(ratio - 1) <= 0.1;
    add("R1", what, fine ? holds : contradicted,
        fmt::format("{} kWh stated, {} kWh ours{}", num(*energy), num(ours), hint), formula,
        parts ? "0.9 to 4 times (the devices are a part of the boundary)" : "+-10 %");
  }

  void power_of_device() {
    const char* what = "mean power is possible for the device";
    const auto watts = number("run.mean_power");
    if (!watts || !device_ || device_->board_power <= Power(0))
      return add("R2", what, not_checked, "", "needs run.mean_power and a device that the catalog knows", "");
    const double limit = 1.05 * device_->board_power.base();
    const double floor = device_->idle_power ? 0.8 * device_->idle_power->base() : 0;
    add("R2", what, *watts <= limit && *watts >= floor ? holds : contradicted,
        fmt::format("{} W of {}", num(*watts), device_->name), fmt::format("{} to {} W", num(floor), num(limit)),
        "1.05 x board power, 0.8 x idle where known");
  }

  void facility() {
    const auto p = number("site.pue");
    if (!p) return add("R3", "PUE is possible", not_checked, "", "needs site.pue", "");
    add("R3", "PUE is possible", *p >= 1 && *p <= 3 ? holds : contradicted, num(*p), "facility energy / IT energy",
        "1 to 3");
  }

  void carbon() {
    const char* what = "carbon is energy x intensity";
    const auto energy = number("energy.value"), grams = number("carbon.intensity"), kilos = number("carbon.emissions");
    if (!energy || !grams || !kilos)
      return add("R4", what, not_checked, "", "needs energy.value, carbon.intensity, carbon.emissions", "");
    const double times = facility_energy() ? 1 : pue(), ours = *energy * times * *grams / 1000;
    const double ratio = ours > 0 ? *kilos / ours : INFINITY;
    std::string hint;
    if (std::abs(ratio / 1000 - 1) < 0.05) hint = "; grams given as kilograms? (R10)";
    if (std::abs(ratio * 1000 - 1) < 0.05) hint = "; tonnes given as kilograms? (R10)";
    if (times > 1 && std::abs(ratio * times - 1) < 0.02) hint = "; PUE left out?";
    add("R4", what, std::abs(ratio - 1) <= 0.02 ? holds : contradicted,
        fmt::format("{} kgCO2e stated, {} kgCO2e ours{}", num(*kilos), num(ours), hint),
        fmt::format("{} kWh x PUE {} x {} gCO2e/kWh", num(*energy), num(times), num(*grams)), "+-2 %");
  }

  void intensity() {
    const char* what = "intensity is that of the region";
    const auto grams = number("carbon.intensity");
    const auto region = text("site.region");
    const auto* place = region ? catalog_.find_place(*region) : nullptr;
    if (!grams || !place)
      return add("R5", what, not_checked, "", "needs carbon.intensity and a site.region that the catalog knows", "");
    const double known = place->carbon_intensity.value().in(units::gCO2e_per_kWh), ratio = *grams / known;
    add("R5", what, std::abs(ratio - 1) <= 0.3 ? holds : questionable,
        fmt::format("{} gCO2e/kWh stated, {} for {} in {}", num(*grams), num(known), place->name, place->origin.year),
        "stated / catalog", "+-30 %, else name the source");
  }

  void utilisation() {
    const char* what = "work fits the time (implied FLOP utilisation)";
    const auto n = number("model.active_parameters") ? number("model.active_parameters") : number("model.parameters");
    const Json* tokens_value = at_path(m_, "data.tokens");
    const double tokens = tokens_value && tokens_value->is_number() ? tokens_value->as_number() : NAN;
    const auto hours = number("run.hours"), devices = number("hardware.count");
    const auto precision = text("run.precision");
    const auto peak = device_ && precision ? device_->peak.find(*precision == "mixed" ? "fp16" : *precision)
                                           : std::map<std::string, ComputeRate>::const_iterator{};
    if (!n || std::isnan(tokens) || !hours || !devices || !device_ || !precision || peak == device_->peak.end())
      return add("R6", what, not_checked, "",
                 "needs model.parameters, data.tokens, run.hours, hardware.count, run.precision and a known device",
                 "");
    const double work = 6 * *n * tokens, room = peak->second.base() * *hours * 3600 * *devices, share = work / room;
    add("R6", what,
        share > 0.65   ? contradicted
        : share < 0.02 ? questionable
                       : holds,
        fmt::format("{} % of {} at {}", num(100 * share), device_->name, peak->first),
        "6 x parameters x tokens / (peak x hours x devices)", "2 % to 65 %");
  }

  void weights() {
    const char* what = "size of the weights is parameters x bits / 8";
    const auto size = number("artefacts.weights_size"), n = number("model.parameters");
    const double b = bits(text("run.precision").value_or(""));
    if (!size || !n || b == 0)
      return add("R7", what, not_checked, "", "needs artefacts.weights_size, model.parameters, run.precision", "");
    const double ours = *n * b / 8, ratio = *size / ours;
    // Weights are often kept in another format than they were trained in.
    add("R7", what, std::abs(ratio - 1) <= 0.1 ? holds : questionable,
        fmt::format("{} stated, {} ours", to_string(Bytes(*size)), to_string(Bytes(ours))),
        fmt::format("{} x {} / 8", num(*n), num(b)), "+-10 %");
  }

  void claims() {
    const char* what = "no neutrality in place of emissions";
    const std::string all = lower(m_.dump());
    bool says = false;
    for (const char* word : {"carbon neutral", "carbon-neutral", "climate neutral", "climate-neutral", "net zero",
                             "net-zero", "zero emission", "carbon free", "carbon-free"})
      says = says || all.find(word) != all.npos;
    if (!says) return add("R8", what, holds, "", "no such claim in the text", "");
    const bool location = number("carbon.emissions") && text("carbon.basis").value_or("") == "location";
    add("R8", what, location ? holds : contradicted, location ? "location-based emissions stand beside it" : "",
        "a claim of neutrality needs carbon.emissions with carbon.basis location", "");
  }

  void requests() {
    const char* what = "requests x energy of one is the year's";
    const auto one = number("inference.energy_per_request"), n = number("inference.requests_per_year"),
               year = number("inference.energy_per_year");
    if (!one || !n || !year)
      return add("R9", what, not_checked, "", "needs inference.energy_per_request, requests_per_year, energy_per_year",
                 "");
    const double ours = *one * *n / 1000;
    add("R9", what, std::abs(*year - ours) <= 0.1 * ours ? holds : contradicted,
        fmt::format("{} kWh stated, {} kWh ours", num(*year), num(ours)), fmt::format("{} Wh x {}", num(*one), num(*n)),
        "+-10 %");
  }

  void stages() {
    const char* what = "'total' covers all stages";
    const auto scope = text("scope");
    const Json* list = at_path(m_, "stages");
    if (!scope || !list) return add("R11", what, not_checked, "", "needs scope and stages", "");
    const std::size_t n = list->is_array() ? list->as_array().size() : 1;
    const bool runs = number("run.attempts_factor").has_value();
    add("R11", what, *scope != "total" || (n > 1 && runs) ? holds : contradicted,
        fmt::format("scope {}, {} stages, run.attempts_factor {}", *scope, n, runs ? "given" : "not given"),
        "total needs more than one stage and the factor of all attempts", "");
  }

  void dates() {
    const char* what = "the hardware existed";
    const auto year = number("run.year");
    if (!year || !device_ || device_->origin.year == 0)
      return add("R13", what, not_checked, "", "needs run.year and a device that the catalog knows", "");
    add("R13", what, *year >= device_->origin.year ? holds : contradicted,
        fmt::format("run in {}, {} of {}", num(*year), device_->name, device_->origin.year),
        "run.year >= year of the device", "");
  }

  void benchmark() {
    const char* what = "the score says version or shots of its benchmark";
    if (!number("quality.value")) return add("R14", what, not_checked, "", "needs quality.value", "");
    const bool told = text("quality.benchmark_version") || number("quality.shots");
    add("R14", what, told ? holds : questionable, "", "quality.benchmark_version or quality.shots", "");
  }

  const Json& m_;
  const std::vector<Item>& items_;
  const catalog::Catalog& catalog_;
  const catalog::Device* device_ = nullptr;
  std::vector<RuleResult> out_;
};

}  // namespace

std::string_view to_string(RuleVerdict v) {
  switch (v) {
    case RuleVerdict::holds: return "holds";
    case RuleVerdict::contradicted: return "contradicted";
    case RuleVerdict::questionable: return "questionable";
    case RuleVerdict::not_checked: return "not checked";
  }
  return "";
}

std::vector<RuleResult> check_rules(const Json& m, const std::vector<Item>& items, const catalog::Catalog& catalog) {
  return Rules(m, items, catalog).run();
}

bool contradicted(const std::vector<RuleResult>& rules) {
  return std::any_of(rules.begin(), rules.end(), [](const auto& r) { return r.verdict == RuleVerdict::contradicted; });
}

}  // namespace wattline::ledger::disclose
