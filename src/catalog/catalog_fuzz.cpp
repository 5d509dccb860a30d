#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/catalog.h"
#include "catalog/loader.h"
#include "catalog/place_options.h"
#include "kernel/error.h"

namespace {

// Of each table the rows that the seeds change or that a place needs: the whole catalog takes a hundred
// times longer to load, and as many inputs fewer are tried.
std::string_view few_rows(std::string_view name) {
  static std::map<std::string, std::string, std::less<>> kept;
  if (const auto it = kept.find(name); it != kept.end()) return it->second;
  static const std::vector<std::string_view> wanted = {"NVIDIA P100",       "gpt-2,", "llama-3.1-8b,", "WORLD,", "FR,",
                                                       "gcp,europe-west9,", "pue.",   "wue."};
  const std::string_view all = wattline::catalog::Loader::embedded(name);
  std::string out;
  for (std::size_t at = 0; at < all.size();) {
    const std::size_t end = std::min(all.find('\n', at), all.size() - 1) + 1;
    const std::string_view line = all.substr(at, end - at);
    if (at == 0 || name == "sources.csv" ||
        std::any_of(wanted.begin(), wanted.end(), [&](std::string_view w) { return line.starts_with(w); }))
      out += line;
    at = end;
  }
  return kept.emplace(name, std::move(out)).first->second;
}

}  // namespace

// Rows put over the catalog: the first byte picks the file. What loads must hold figures that can be
// calculated with and names that find their own row; all else is an Error.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::string> files = {"devices.csv", "models.csv",  "places.csv",
                                                 "regions.csv", "factors.csv", "sources.csv"};
  if (size == 0) return 0;
  const std::string text(reinterpret_cast<const char*>(data + 1), size - 1);
  using namespace wattline;
  using namespace wattline::catalog;
  std::shared_ptr<Catalog> c;
  try {
    c = Loader::load({{files[data[0] % files.size()], text}}, {}, few_rows);
  } catch (const Error&) {
    return 0;
  }
  const auto must = [](bool holds) {
    if (!holds) __builtin_trap();
  };
  for (const auto& d : c->devices()) must(c->find_device(d.name) == &d && std::isfinite(d.board_power.base()));
  for (const auto& m : c->models()) must(c->find_model(m.name) == &m && m.parameters >= 1);
  for (const auto& p : c->places())
    must(c->find_place(p.code) == &p && std::isfinite(p.carbon_intensity.value().base()));
  for (const auto& r : c->regions()) {
    must(c->find_region(r.provider + "/" + r.name) == &r);
    must(!r.pue || *r.pue >= 1);
  }
  for (const auto& f : c->factors()) must(std::isfinite(f.estimate().sd()));
  try {
    const Grid g = resolve({}, *c);
    g.carbon(Estimate<Energy>::exact(Energy(1)));
  } catch (const Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {
      "\x01"
      "name,parameters,layers,year,source\ntiny,1e6,2,2026,us\nllama-3.1-8b,8e9,32,2026,us\n",
      "\x02"
      "code,carbon_intensity [kgCO2e/MWh],carbon_low [gCO2e/kWh],carbon_high "
      "[gCO2e/kWh],year,source\nFR,20,10,30,2026,us\n",
      "\x02"
      "code,name,aliases,carbon_intensity [gCO2e/kWh],year,source,valid_from\nXX,\"No, "
      "where\",a;b;;c,5,2026,us,2026-01-01\n",
      "\x03"
      "provider,name,place,pue,year,source\nus,cellar,FR,1.02,2026,us\ngcp,europe-west9,-,-,2026,us\n",
      "\x04"
      "id,value,low,high,unit,year,source\npue.default,1.2,1.1,1.3,,2026,us\nwue.default,100 %,-,-,L/kWh,2026,us\n",
      "\x05"
      "id,title,licence\nwattline,ours,-\n",
      std::string("\0name,aliases,kind,board_power [W],peak_bf16 [PFLOP/s],year,source\nW1,W-1,accelerator,0.3 "
                  "kW,1.5,2026,us\n",
                  95),
  };
}
