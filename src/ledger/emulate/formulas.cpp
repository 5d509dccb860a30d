#include "ledger/emulate/formulas.h"

#include <algorithm>
#include <cmath>

#include "ledger/project/model.h"

namespace wattline::ledger {

int guessed_modules(double gb) {
  if (gb <= 0) return 0;
  if (gb <= 2) return 1;
  if (gb <= 16) return 2;
  if (gb <= 64) return 4;
  if (gb <= 128) return 8;
  double size = 4;
  while (size < 128 && size * 2 <= gb / 8) size *= 2;
  return static_cast<int>(std::min(32.0, std::ceil(gb / size)));
}

double module_watts(const MemoryModules& m) {
  double watts = 0;
  for (int i = 1; i <= m.count; ++i)
    watts += m.watts_each * (i <= 4 ? m.share_1 : i <= 8 ? m.share_5 : i <= 16 ? m.share_9 : m.share_17);
  return std::max(watts, m.minimum);
}

double codecarbon_memory_watts(const catalog::Catalog& c, double gb) {
  const auto get = [&](const char* id, const char* unit = "") { return factor_in(c, id, unit); };
  return module_watts({guessed_modules(gb), get("codecarbon.ram.module", "W"), get("codecarbon.ram.share_1"),
                       get("codecarbon.ram.share_5"), get("codecarbon.ram.share_9"), get("codecarbon.ram.share_17"),
                       get("codecarbon.ram.minimum", "W")});
}
double codecarbon_load_watts(const catalog::Catalog& c, double tdp, double load) {
  return tdp *
         (factor_in(c, "codecarbon.cpu.load_base") +
          factor_in(c, "codecarbon.cpu.load_slope") * std::pow(load, factor_in(c, "codecarbon.cpu.load_exponent")));
}
double codecarbon_constant_watts(const catalog::Catalog& c, double tdp) {
  return tdp * factor_in(c, "codecarbon.cpu.constant");
}

LlmRequestImpacts ecologits_request(const catalog::Catalog& c, const LlmRequest& r, double pue) {
  const auto get = [&](const std::string& id, const char* unit = "") { return factor_in(c, "ecologits." + id, unit); };
  LlmRequestImpacts out;
  const double batch = get("batch");
  const double per_token_wh = get("alpha") * std::exp(get("beta") * batch) * r.active + get("gamma");
  const double latency = get("latency_parameters") * r.active + get("latency_batch") * batch + get("latency_base");
  out.seconds = r.tokens * latency;
  if (r.seconds) out.seconds = std::min(out.seconds, *r.seconds);
  const double memory = get("memory_overhead") * r.parameters * get("bits") / 8;
  const double needed = std::ceil(memory / get("gpu_memory", "GB"));
  out.gpus = 1;
  while (out.gpus < needed) out.gpus *= 2;
  const double server_share = out.gpus / get("server_gpus");
  out.server_kwh = out.seconds / 3600 * get("server_power", "W") / 1000 * server_share / batch;
  out.gpu_kwh = r.tokens * per_token_wh / 1000;
  out.it_kwh = out.server_kwh + out.gpus * out.gpu_kwh;
  out.kwh = pue * out.it_kwh;
  const double of_life = out.seconds / (get("life", "s") * batch);
  const auto made = [&](const char* what, const char* unit) {
    return of_life *
           (server_share * get(std::string("server.") + what, unit) + out.gpus * get(std::string("gpu.") + what, unit));
  };
  out.embodied_kg = made("gwp", "kgCO2e");
  out.embodied_adpe = made("adpe", "kg");
  out.embodied_mj = made("pe", "MJ");
  return out;
}

LlmWater ecologits_water(const LlmRequestImpacts& r, double pue, double wue, double off_site) {
  const double per_kwh = wue + pue * off_site;
  return {r.it_kwh * per_kwh, r.kwh * per_kwh};
}

double ccf_thread_watts(double min_watts, double max_watts, double usage) {
  return min_watts + usage * (max_watts - min_watts);
}
double ccf_server_kg(const catalog::Catalog& c, double memory_gb, double further_processors, double gpus) {
  const double memory = std::max(0.0, memory_gb - factor_in(c, "ccf.embodied.memory_base", "GB"));
  return factor_in(c, "ccf.embodied.server", "kgCO2e") + memory * factor_in(c, "ccf.embodied.memory", "kgCO2e/GB") +
         further_processors * factor_in(c, "ccf.embodied.cpu", "kgCO2e") +
         gpus * factor_in(c, "ccf.embodied.gpu", "kgCO2e");
}

double sci_embodied_share(double hours, double life_hours, double resource_share) {
  return hours / life_hours * resource_share;
}
double sci_grams(double kwh, double grams_per_kwh, double embodied_grams, double units) {
  return (kwh * grams_per_kwh + embodied_grams) / units;
}

}  // namespace wattline::ledger
