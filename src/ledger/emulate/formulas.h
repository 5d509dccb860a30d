// The published formulas of tools that estimate footprints, as pure functions; their constants are rows of
// factors_emulate.csv. Sources: CodeCarbon b05965e4 (MIT), EcoLogits 2d0a1c76 (MPL-2.0), Cloud Carbon Footprint
// (Apache-2.0), Software Carbon Intensity (ISO/IEC 21031). Code of none is used.
//
// Units: W, kWh, hours, gigabytes, kg CO2e, g CO2e/kWh, billions of parameters.
#pragma once

#include <optional>

#include "catalog/catalog.h"

namespace wattline::ledger {

// --- CodeCarbon. Memory: modules are guessed from the size; 5 W each, less for further ones, 10 W at least.
struct MemoryModules {
  int count = 0;
  double watts_each = 0, share_1 = 1, share_5 = 1, share_9 = 1, share_17 = 1, minimum = 0;
};
int guessed_modules(double gigabytes);
double module_watts(const MemoryModules&);
double codecarbon_memory_watts(const catalog::Catalog&, double gigabytes);
// TDP * (0.1 + 0.9 load^3), load 0 to 1.
double codecarbon_load_watts(const catalog::Catalog&, double tdp, double load);
double codecarbon_constant_watts(const catalog::Catalog&, double tdp);

// --- EcoLogits: a request of so many tokens out.
struct LlmRequest {
  double tokens = 0;
  double active = 0, parameters = 0;  // billions
  std::optional<double> seconds;  // measured; the formula's latency where shorter
};
struct LlmRequestImpacts {
  double gpus = 0, seconds = 0;
  double server_kwh = 0, gpu_kwh = 0;  // IT, of the request; the GPUs' share is that of one
  double it_kwh = 0, kwh = 0;  // without and with PUE
  double embodied_kg = 0, embodied_adpe = 0, embodied_mj = 0;
};
LlmRequestImpacts ecologits_request(const catalog::Catalog&, const LlmRequest&, double pue);
// Litres: of the documentation, E_it * (WUE + PUE * off-site); the code multiplies the energy with PUE again.
struct LlmWater {
  double documented = 0, coded = 0;
};
LlmWater ecologits_water(const LlmRequestImpacts&, double pue, double wue, double off_site);

// --- Cloud Carbon Footprint.
double ccf_thread_watts(double min_watts, double max_watts, double usage);
double ccf_server_kg(const catalog::Catalog&, double memory_gb, double further_processors, double gpus);

// --- Software Carbon Intensity: ((E * I) + M) / R, M = TE * TiR / EL * RR / ToR. Grams per unit.
double sci_embodied_share(double hours, double life_hours, double resource_share);
double sci_grams(double kwh, double grams_per_kwh, double embodied_grams, double units);

}  // namespace wattline::ledger
