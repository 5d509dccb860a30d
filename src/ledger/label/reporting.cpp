#include "ledger/label/reporting.h"

namespace wattline::ledger {

std::string_view to_string(ReportingClass c) {
  switch (c) {
    case ReportingClass::unknown: return "Unknown Energy Efficiency";
    case ReportingClass::context: return "Context Reporting";
    case ReportingClass::basic: return "Basic Energy Reporting";
    case ReportingClass::awareness: return "Energy Awareness";
    case ReportingClass::optimization: return "Energy Optimization";
    case ReportingClass::certified: return "Certified Energy Efficiency";
  }
  return "";
}

Reported reported(const ModelEntry& m) {
  Reported out;
  out.emissions = m.emissions.has_value();
  out.hardware = !m.hardware.empty();
  for (const auto& tag : m.tags) {
    std::string key;
    for (const char c : tag)
      if (std::isalpha(static_cast<unsigned char>(c)))
        key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const char* word : {"optimised", "optimized", "pruned", "distilled", "quantised", "quantized"})
      out.optimised = out.optimised || key == word;
    out.certified = out.certified || key == "ecocard" || key == "ecocertified";
  }
  return out;
}

ReportingClass reporting_class(const Reported& r) {
  using enum ReportingClass;
  if (!r.emissions) return r.hardware ? context : unknown;
  if (!r.hardware) return basic;
  if (!r.optimised) return awareness;
  return r.certified ? certified : optimization;
}

ReportingClass published_class(const Reported& r) {
  using enum ReportingClass;
  if (!r.emissions && !r.hardware) return unknown;
  if (!r.emissions) return context;
  if (!r.hardware) return basic;
  return awareness;  // tested before the two above it
}

std::vector<Raise> raises(const Reported& have) {
  std::vector<Raise> out;
  Reported r = have;
  const auto step = [&](bool& flag, const char* field, const char* how) {
    if (flag) return;
    flag = true;
    out.push_back({field, how, reporting_class(r)});
  };
  step(r.emissions, "co2_eq_emissions.emissions",
       "measure the training (wattline run, or ledger training-report from a power log) and give grams of CO2e");
  step(r.hardware, "co2_eq_emissions.hardware_used", "name the device and how many: \"8 x NVIDIA A100 80GB\"");
  step(r.optimised, "tags", "tag the model pruned, distilled or quantized, where it is");
  step(r.certified, "tags", "an eco certificate of a third party; no body issues one that we know of");
  return out;
}

}  // namespace wattline::ledger
