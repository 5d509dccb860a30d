#include "ledger/disclose/sci.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::ledger::disclose {
namespace {

std::string num(double v) { return format_number(v, 4); }

struct Facts {
  std::optional<double> energy, request, requests, grams, embodied;  // kWh, Wh, a year, g/kWh, kg
  double pue = 1, request_pue = 1;
  std::string pue_text;
  bool market = false;
};

Facts facts_of(const Json& m, const std::vector<Item>& items) {
  const auto number = [&](std::string_view path) -> std::optional<double> {
    const auto it = std::find_if(items.begin(), items.end(), [&](const Item& i) { return i.path == path; });
    const auto n = it == items.end() ? std::nullopt : number_at(m, *it);
    return n && std::isfinite(*n) && *n >= 0 ? n : std::nullopt;
  };
  Facts f;
  f.energy = number("energy.value");
  f.request = number("inference.energy_per_request");
  f.requests = number("inference.requests_per_year");
  f.grams = number("carbon.intensity");
  f.embodied = number("embodied.emissions");
  f.market = text_at(m, "carbon.basis").value_or("") == "market";
  const auto pue = number("site.pue");
  f.request_pue = pue && *pue >= 1 ? *pue : 1;
  // An energy of the facility has the overhead in it.
  f.pue = text_at(m, "energy.boundary").value_or("") == "facility" ? 1 : f.request_pue;
  f.pue_text = pue ? "" : "; no PUE is stated, none is taken";
  return f;
}

std::string missing(std::initializer_list<std::pair<const char*, bool>> wanted) {
  std::string out;
  for (const auto& [path, there] : wanted)
    if (!there) out += (out.empty() ? "needs " : ", ") + std::string(path);
  return out;
}

}  // namespace

std::vector<Sci> sci(const Json& m, const std::vector<Item>& items) {
  const Facts f = facts_of(m, items);
  Sci training{"training", "run", {}, {}}, request{"use", "request", {}, {}},
      both{"use and training", "request", {}, {}};
  if (f.market) {
    training.how = request.how = both.how =
        "carbon.intensity is market-based: SCI takes that of the place (carbon.basis: location)";
    return {training, request, both};
  }
  const std::string made = f.embodied ? fmt::format(" + M {} g", num(*f.embodied * 1000)) : "; M is not disclosed";
  if (f.energy && f.grams) {
    training.grams = *f.energy * f.pue * *f.grams + f.embodied.value_or(0) * 1000;
    training.how =
        fmt::format("{} kWh x PUE {} x {} g/kWh{}{}", num(*f.energy), num(f.pue), num(*f.grams), made, f.pue_text);
  } else {
    training.how = missing({{"energy.value", f.energy.has_value()}, {"carbon.intensity", f.grams.has_value()}});
  }
  if (f.request && f.grams) {
    request.grams = *f.request / 1000 * f.request_pue * *f.grams;
    request.how = fmt::format("{} Wh x PUE {} x {} g/kWh; M is not disclosed{}", num(*f.request), num(f.request_pue),
                              num(*f.grams), f.pue_text);
  } else {
    request.how =
        missing({{"inference.energy_per_request", f.request.has_value()}, {"carbon.intensity", f.grams.has_value()}});
  }
  if (training.grams && request.grams && f.requests && *f.requests > 0) {
    both.grams = *request.grams + *training.grams / *f.requests;
    both.how = fmt::format("{} g + {} g of the training / {} requests of a year", num(*request.grams),
                           num(*training.grams), num(*f.requests));
  } else {
    both.how = missing({{"both of the above", training.grams && request.grams},
                        {"inference.requests_per_year", f.requests && *f.requests > 0}});
  }
  return {training, request, both};
}

Table sci_table(const std::vector<Sci>& all) {
  Table t("disclosure.sci.v1");
  t.title = "Software Carbon Intensity (ISO/IEC 21031)";
  t.text("scope").text("unit", "of R").number("sci", "gCO2e", "for each unit").text("how");
  for (const auto& s : all) t.add_row({s.scope, s.unit, s.grams ? Table::Cell(*s.grams) : Table::Cell(), s.how});
  return t;
}

std::optional<double> recomputed_carbon(const Json& m, const std::vector<Item>& items) {
  const Facts f = facts_of(m, items);
  if (!f.energy || !f.grams) return std::nullopt;
  return *f.energy * f.pue * *f.grams / 1000;
}

}  // namespace wattline::ledger::disclose
