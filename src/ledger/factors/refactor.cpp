#include "ledger/factors/refactor.h"

#include <cmath>
#include <map>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/impacts.h"

namespace wattline::ledger {
namespace {

struct Side {
  std::shared_ptr<const catalog::Catalog> catalog;
  Estimate<Carbon> carbon;
  Estimate<Volume> water;
};

struct Change {
  FactorUse before, after;
  std::string places;
};

// "grid.FR.2023" and "grid.FR.2025" are the same factor of other years.
std::string without_year(const std::string& id) {
  const auto dot = id.rfind('.');
  if (dot == std::string::npos || id.size() - dot != 5) return id;
  return id.find_first_not_of("0123456789", dot + 1) == std::string::npos ? id.substr(0, dot) : id;
}

// In per cent; what is left of rounding is none.
double change(double ratio) {
  const double percent = 100 * (ratio - 1);
  return std::abs(percent) < 1e-9 ? 0 : percent;
}

// Change in percent with its interval. What both catalogs have under one factor id is known equally well or badly in
// both, so it cancels.
struct Percent {
  double value = std::nan(""), low = std::nan(""), high = std::nan("");
  Percent(const RawEstimate& before, const RawEstimate& after) {
    if (!(before.value() > 0)) return;
    const RawEstimate ratio = RawEstimate::quotient(after, before);
    value = change(ratio.value());
    low = change(ratio.interval().low);
    high = change(ratio.interval().high);
  }
};

class Refactor {
 public:
  Refactor(const RefactorOptions& o, Context& context) : o_(o), context_(context) {
    const auto present = context.share<catalog::Catalog>();
    if (o.against.empty() == o.old.empty())
      throw bad_input(o.old.empty() ? "no other catalog is given" : "two other catalogs are given", "against",
                      "--against DIR for the figures that would come, or --old DIR for those that were");
    old_.catalog = o.old.empty() ? present : load(o.old, "old");
    new_.catalog = o.old.empty() ? load(o.against, "against") : present;
  }

  Result run() {
    for (const Side* side : {&old_, &new_})
      if (!o_.site.place.empty()) side->catalog->place(o_.site.place);
    const auto ledger = account(context_);
    if (!ledger) {
      out_.title = "The account is empty";
      out_.note(no_account_text(context_));
      return std::move(out_);
    }
    for_each_subtotal(*ledger, o_.rows, context_, [&](const Subtotal& s) {
      const std::string& place = s.like.fact.place.empty() ? o_.site.place : s.like.fact.place;
      energies_[place][site_of(s.like.fact).pue].add(s.energy);
      rows_[place] += s.rows;
      recorded_[s.like.factor_set] += s.rows;
    });
    write();
    return std::move(out_);
  }

 private:
  static std::shared_ptr<const catalog::Catalog> load(const std::string& dir, const char* option) {
    try {
      return catalog::Catalog::load(dir);
    } catch (const Error& e) {
      throw e.at(option);
    }
  }

  catalog::Grid grid(const Side& side, const RowSite& site) const {
    return resolve_site(site,
                        {.place = {}, .intensity = {}, .water_intensity = {}, .pue = o_.site.pue, .wue = o_.site.wue},
                        *side.catalog);
  }

  // Why the place cannot be compared; "" when it can.
  std::string unknown(const std::string& place) const {
    if (place.empty()) return "rows that name no place are left out: --place says where they were";
    for (const Side* side : {&old_, &new_}) try {
        side->catalog->place(place);
      } catch (const Error& e) {
        if (e.kind() != ErrorKind::not_found) throw;
        return fmt::format("rows are left out, since the catalog {} does not know where they were: {}",
                           side->catalog->version(), e.message());
      }
    return "";
  }

  // The factors of the two grids, paired by what they are.
  std::string compare(const std::string& place, const catalog::Grid& before, const catalog::Grid& after) {
    std::map<std::string, std::pair<FactorUse, FactorUse>> pairs;
    for (const auto& f : before.factors) pairs[without_year(f.id)].first = f;
    for (const auto& f : after.factors) pairs[without_year(f.id)].second = f;
    std::string names;
    for (const auto& [id, pair] : pairs) {
      const auto& [a, b] = pair;
      if (a.value == b.value && a.valid == b.valid && a.source == b.source) continue;
      Change& c = changes_[id];
      c.before = a;
      c.after = b;
      c.places += (c.places.empty() ? "" : ", ") + place;
      if (a.value != b.value) names += (names.empty() ? "" : ", ") + id;
    }
    return names;
  }

  void write() {
    Table t("ledger.refactor.v1");
    t.title = "By place";
    t.text("place").integer("rows").number("carbon_old", "gCO2e").number("carbon_new", "gCO2e");
    t.number("carbon_change", "%").number("water_old", "mL").number("water_new", "mL").number("water_change", "%");
    t.text("changed", "factors whose values differ");
    Figure f;
    f.kind = Figure::Kind::bar;
    f.title = "Change of carbon by place";
    f.y = {"change", "%"};
    Figure::Trace bars;
    bars.name = "carbon";
    std::int64_t compared = 0, left = 0;
    bool first = true;
    for (const auto& [place, by_pue] : energies_) {
      if (const std::string why = unknown(place); !why.empty()) {
        out_.warn(fmt::format("{} {}", rows_[place], why));
        left += rows_[place];
        continue;
      }
      Estimate<Carbon> ca, cb;
      Estimate<Volume> wa, wb;
      for (const auto& [pue, sum] : by_pue) {
        const Estimate<Energy> energy = sum.total();
        const catalog::Grid a = grid(old_, {place, pue}), b = grid(new_, {place, pue});
        const bool begins = &sum == &by_pue.begin()->second;
        const auto take = [&](auto& into, const auto& part) { into = begins ? part : into + part; };
        take(ca, a.carbon(energy));
        take(cb, b.carbon(energy));
        take(wa, a.water(energy));
        take(wb, b.water(energy));
      }
      // Those without a PUE of their own come first: their factors are all that the catalogs have.
      const RowSite site{place, by_pue.begin()->first};
      const catalog::Grid a = grid(old_, site), b = grid(new_, site);
      const auto add = [&](auto& into, const auto& part) { into = first ? part : into + part; };
      add(old_.carbon, ca);
      add(new_.carbon, cb);
      add(old_.water, wa);
      add(new_.water, wb);
      first = false;
      const Percent carbon(ca.raw(), cb.raw()), water(wa.raw(), wb.raw());
      t.add_row({place, rows_[place], ca.value().in(units::gCO2e), cb.value().in(units::gCO2e), carbon.value,
                 wa.value().in(units::mL), wb.value().in(units::mL), water.value, compare(place, a, b)});
      if (f.categories.size() < 20 && !std::isnan(carbon.value)) {
        bars.x.push_back(static_cast<double>(f.categories.size()));
        bars.y.push_back(carbon.value);
        f.categories.push_back(place);
      }
      compared += rows_[place];
    }
    if (t.rows() == 0) {
      out_.title = "No rows to compare";
      return;
    }
    const Percent carbon(old_.carbon.raw(), new_.carbon.raw()), water(old_.water.raw(), new_.water.raw());
    out_.title = std::isnan(carbon.value)
                     ? fmt::format("{} rows under two catalogs", compared)
                     : fmt::format("{} row{} under two catalogs: carbon {:+.3g} %, water {:+.3g} %", compared,
                                   compared == 1 ? "" : "s", carbon.value, water.value);
    out_.estimate("carbon_old", "Carbon, old", old_.carbon, {}, "catalog " + old_.catalog->version());
    out_.estimate("carbon_new", "Carbon, new", new_.carbon, {}, "catalog " + new_.catalog->version());
    out_.estimate("water_old", "Water, old", old_.water);
    out_.estimate("water_new", "Water, new", new_.water);
    totals(carbon, water);
    out_.add(std::move(t));
    factors();
    if (!f.categories.empty()) {
      f.traces.push_back(std::move(bars));
      out_.add(std::move(f));
    }
    versions();
    out_.note(
        "Nothing in the account changes. Energies stand as they were recorded: what entered them (the gain of a meter, "
        "the "
        "model of a processor) is mended by `wattline ledger correct`, which adds a row in place of the old one.");
    if (std::abs(carbon.value) > o_.threshold)
      out_.warn(
          fmt::format("carbon changes by more than {} %: a base year that rests on these figures is to be calculated "
                      "anew (GHG Protocol; the threshold is the company's to set, 5 % is proposed here)",
                      o_.threshold));
    if (left > 0) out_.warn(fmt::format("{} of {} rows are in no figure here", left, left + compared));
  }

  void totals(const Percent& carbon, const Percent& water) {
    Table t("ledger.refactor_total.v1");
    t.title = "In all";
    t.text("figure").number("change", "%").number("change_low", "%").number("change_high", "%");
    t.add_row({"carbon", carbon.value, carbon.low, carbon.high});
    t.add_row({"water", water.value, water.low, water.high});
    t.caption = "what both catalogs have in common in uncertainty cancels";
    out_.add(std::move(t));
  }

  void factors() {
    if (changes_.empty()) {
      out_.note("No factor of these places differs between the two catalogs.");
      return;
    }
    Table t("ledger.factor_changes.v1");
    t.title = "Factors that differ";
    t.text("factor").text("old").text("new").text("places").text("source_old").text("source_new");
    for (const auto& [id, c] : changes_)
      t.add_row({c.before.id == c.after.id || c.before.id.empty() || c.after.id.empty()
                     ? (c.before.id.empty() ? c.after.id : c.before.id)
                     : c.before.id + " -> " + c.after.id,
                 c.before.value.empty() ? "-" : c.before.value, c.after.value.empty() ? "-" : c.after.value, c.places,
                 c.before.source, c.after.source});
    out_.add(std::move(t));
  }

  void versions() {
    std::string text;
    for (const auto& [version, rows] : recorded_)
      text += fmt::format("{}{} under {}", text.empty() ? "" : ", ", rows,
                          version.empty() ? "an unnamed catalog" : version);
    out_.note(fmt::format("Rows were recorded: {}.", text));
  }

  const RefactorOptions& o_;
  Context& context_;
  Side old_, new_;
  std::map<std::string, std::map<double, EnergySum>> energies_;  // by place and the rows' own PUE
  std::map<std::string, std::int64_t> rows_, recorded_;
  std::map<std::string, Change> changes_;
  Result out_;
};

}  // namespace

Result refactor(const RefactorOptions& o, Context& context) { return Refactor(o, context).run(); }

Capability refactor_capability() {
  using O = RefactorOptions;
  static const auto fields =
      Fields<O>()
          .text("against", &O::against,
                "folder with the override files that would come; the present catalog is the old one")
          .text("old", &O::old, "folder with the override files that were; the present catalog is the new one")
          .number("threshold", &O::threshold, "change of carbon in % above which a base year is to be calculated anew")
          .range(0, 1000)
          .group(&O::rows, rows_fields(), "Which rows")
          .group(&O::site, report_site_fields(), "Site");
  Capability c = capability<O>("ledger", "refactor",
                               "The same rows under another set of factors: what changes, and why.", &refactor, fields);
  c.description =
      "Derives carbon and water of the account's rows twice, with the present catalog (built-in rows and those of "
      "--catalog) and with another folder of override files (docs/formats/catalog.md), and tells old, new and change "
      "by "
      "place, and which factors differ. The account is not changed. Rows without a place that is known to both are "
      "left "
      "out and counted: no world average stands in for them.";
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.doors = Doors::command_line;
  c.emits = {"ledger.refactor.v1", "ledger.refactor_total.v1", "ledger.factor_changes.v1"};
  c.examples = {{{"--against", "next"},
                 {{"next/places.csv",
                   "code,carbon_intensity [gCO2e/kWh],carbon_low [gCO2e/kWh],carbon_high [gCO2e/kWh],source,year\n"
                   "FR,40,30,50,an example,2025\n"}},
                 "The account is empty"}};
  return c;
}

}  // namespace wattline::ledger
