#include "ledger/run_records.h"

#include <cmath>

namespace wattline::ledger {
namespace {

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == ';' || c == '=' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

}  // namespace

std::string labels_text(const std::vector<std::pair<std::string, std::string>>& labels) {
  std::string out;
  for (const auto& [key, value] : labels) out += (out.empty() ? "" : ";") + escaped(key) + "=" + escaped(value);
  return out;
}

Table run_records_table() {
  Table t("run.records.v1");
  t.text("run", "uid of the fact").text("kind").time("begin").time("end");
  t.number("energy", "J", "at the device").number("energy_low", "J").number("energy_high", "J");
  t.text("method", "measured, declared or modelled");
  t.number("carbon", "gCO2e", "with the overhead of the site").number("carbon_low", "gCO2e");
  t.number("carbon_high", "gCO2e").number("water", "mL", "missing: not known");
  t.integer("tokens_in").integer("tokens_out").text("model").text("device").text("place").text("labels");
  return t;
}

void add_run_record(Table& table, const Fact& f, const Estimate<Carbon>& carbon, const Estimate<Volume>* water) {
  table.add_row({f.uid, f.kind, f.begin, f.end, f.energy.value().base(), f.energy.low().base(), f.energy.high().base(),
                 std::string(to_string(f.energy.method())), carbon.value().base(), carbon.low().base(),
                 carbon.high().base(), water ? Table::Cell(water->value().in(units::mL)) : Table::Cell(), f.tokens_in,
                 f.tokens_out, f.model, f.device, f.place, labels_text(f.labels)});
}

}  // namespace wattline::ledger
