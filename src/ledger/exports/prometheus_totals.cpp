#include <fmt/format.h>

#include "kernel/json.h"
#include "kernel/units.h"
#include "ledger/exports/exports.h"

namespace wattline::ledger {
namespace {

std::string escaped(std::string_view value) {
  std::string out;
  for (const char c : value) {
    if (c == '\\' || c == '"') out += '\\';
    if (c == '\n') out += "\\n";
    else out += c;
  }
  return out;
}

// Letters, digits and _, not with a digit first.
std::string label_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    out += plain ? c : '_';
  }
  if (out.empty() || (out[0] >= '0' && out[0] <= '9')) out.insert(0, "_");
  return out;
}

}  // namespace

void PrometheusTotals::add(const Subtotal& s) {
  std::string key;
  const auto pair = [&](std::string_view name, std::string_view value) {
    key += fmt::format("{}{}=\"{}\"", key.empty() ? "" : ",", name, escaped(value));
  };
  const Fact& f = s.like.fact;
  pair("kind", f.kind);
  pair("model", f.model);
  pair("device", f.device);
  pair("place", f.place);
  pair("method", to_string(f.energy.method()));
  for (const auto& name : labels_) pair("label_" + label_name(name), key_of(s.like, "label:" + name));
  Sum& sum = sums_[key];
  sum.rows += s.rows;
  sum.tokens_in += s.tokens_in;
  sum.tokens_out += s.tokens_out;
  sum.energy[site_of(f)].add(s.energy);
}

std::string PrometheusTotals::text(Grids& grids) const {
  struct Series {
    const char *name, *help;
    std::string lines;
  };
  Series all[] = {
      {"wattline_rows_total", "Rows of the account.", {}},
      {"wattline_energy_joules_total", "Energy at the device.", {}},
      {"wattline_carbon_grams_total",
       "Location-based CO2-equivalent with the overhead of the site, by the factors of today.",
       {}},
      {"wattline_water_litres_total", "Water on site and to make the electricity, by the factors of today.", {}},
      {"wattline_tokens_in_total", "Tokens read.", {}},
      {"wattline_tokens_out_total", "Tokens written.", {}}};
  for (const auto& [labels, sum] : sums_) {
    const Impacts i = grids.of(sum.energy);
    const std::string values[] = {std::to_string(sum.rows),
                                  shortest(i.energy.value().base()),
                                  shortest(i.carbon.value().in(units::gCO2e)),
                                  shortest(i.water.value().in(units::L)),
                                  std::to_string(sum.tokens_in),
                                  std::to_string(sum.tokens_out)};
    for (std::size_t k = 0; k < std::size(all); ++k)
      all[k].lines += fmt::format("{}{{{}}} {}\n", all[k].name, labels, values[k]);
  }
  std::string out;
  for (const auto& s : all) out += fmt::format("# HELP {} {}\n# TYPE {} counter\n{}", s.name, s.help, s.name, s.lines);
  return out;
}

}  // namespace wattline::ledger
