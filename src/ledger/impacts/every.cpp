#include "ledger/impacts/every.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/impacts.h"
#include "ledger/lca/amortise.h"
#include "ledger/sealed_rows.h"

namespace wattline::ledger {
namespace {

// A sum of what is assessed, and how much of the energy that is.
struct Assessed {
  RawEstimate sum;
  double joules = 0;
  bool any = false;
  void add(const RawEstimate& e, double of_joules) {
    sum = any ? RawEstimate::sum(sum, e, 1) : e;
    joules += of_joules;
    any = true;
  }
};

struct Line {
  std::string name, unit;
  double scale = 1;  // of the unit
  Assessed use, made;
  bool can_be_made = true;
};

// The rows whose machines are one's own, or those of somebody else.
struct Part {
  std::map<RowSite, std::map<std::string, EnergySum>> energy;  // by site, device
  std::map<std::string, double> seconds;  // by device
  Assessed use, made;  // carbon
  Assessed facility;

  double joules_of(const std::string& device) const {
    double joules = 0;
    for (const auto& [site, devices] : energy)
      if (const auto it = devices.find(device); it != devices.end()) joules += it->second.value();
    return joules;
  }
};

class Everything {
 public:
  Everything(const ImpactsOptions& o, Context& context)
      : o_(o),
        context_(context),
        catalog_(context.get<catalog::Catalog>()),
        site_{.place = o.site.place, .intensity = {}, .water_intensity = {}, .pue = o.site.pue, .wue = o.site.wue},
        data_(lca::Data::of(catalog_)),
        primary_(o.primary, catalog_, o.site.place),
        life_{o.years, o.utilisation, 8760},
        amortiser_(data_, life_) {}

  Result run() {
    if (!o_.site.place.empty()) catalog_.place(o_.site.place);
    const auto ledger = account(context_);
    if (!ledger) {
      out_.title = "The account is empty";
      out_.note(no_account_text(context_));
      return std::move(out_);
    }
    read(*ledger);
    if (rows_ == 0) {
      out_.title = "No rows";
      out_.note("No row of the account is of this period and choice.");
      return std::move(out_);
    }
    for (auto& [hosted, part] : parts_) {
      for (const auto& [site, devices] : part.energy) of_site(part, site, devices);
      if (rule() == ManufactureRule::time)
        for (const auto& [device, seconds] : part.seconds)
          made_of(part, device, Estimate<Duration>::exact(Duration(seconds)), part.joules_of(device));
    }
    write();
    return std::move(out_);
  }

 private:
  ManufactureRule rule() const { return static_cast<ManufactureRule>(o_.allocation); }

  bool hosted(const Fact& f) const {
    const auto owner = static_cast<Owner>(o_.owner);
    return owner == Owner::hosted || (owner == Owner::by_kind && is_rented(f));
  }

  void read(const Ledger& ledger) {
    const auto take = [&](const Subtotal& s) {
      const Fact& f = s.like.fact;
      parts_[hosted(f)].energy[site_of(f)][f.device].add(s.energy);
      pues_.see(f, s.rows);
      if (hosted(f)) hosted_rows_ += s.rows;
      rows_ += s.rows;
      tokens_ += s.tokens_out;
      if (f.kind == o_.unit) of_kind_ += s.rows;
      kinds_.insert(f.kind);
      if (rows_ == s.rows || s.first_begin < first_) first_ = s.first_begin;
      last_ = std::max(last_, s.last_end);
    };
    if (rule() != ManufactureRule::time) return for_each_subtotal(ledger, o_.rows, context_, take);
    const auto one = [&](const Row& row) {
      take(subtotal_of(row));
      parts_[hosted(row.fact)].seconds[row.fact.device] += (row.fact.end - row.fact.begin).base();
    };
    tell_of_unseen(for_each_sealed_row(ledger, o_.rows, context_, one), out_);
    for_each_row(ledger, o_.rows, context_, false, one);
  }

  void warn_once(std::string text) {
    if (std::find(out_.warnings.begin(), out_.warnings.end(), text) == out_.warnings.end()) out_.warn(std::move(text));
  }

  catalog::Grid grid(const RowSite& site) {
    try {
      return resolve_site(site, site_, catalog_);
    } catch (const Error& e) {
      // A row keeps the name it was recorded with; a catalog without it must not hide the whole account.
      if (e.kind() != ErrorKind::not_found || site.place.empty()) throw;
      warn_once(
          fmt::format("the catalog has no place '{}' that rows name: the world average is taken for them", site.place));
      catalog::PlaceOptions rest = site_;
      rest.place.clear();
      return resolve_site({"", site.pue}, rest, catalog_);
    }
  }

  void of_site(Part& part, const RowSite& site, const std::map<std::string, EnergySum>& devices) {
    EnergySum sum;
    for (const auto& [device, e] : devices) sum.add(e);
    const Estimate<Energy> energy = sum.total();
    const double joules = energy.value().base();
    joules_ += joules;
    const catalog::Grid g = grid(site);
    for (const auto& factor : g.factors) out_.use(factor);
    for (const auto& w : g.warnings) warn_once(w);
    const Estimate<Energy> facility = g.facility_energy(energy);
    facility_.add(facility.raw(), joules);
    part.facility.add(facility.raw(), joules);
    carbon_.use.add(g.carbon(energy).raw(), joules);
    part.use.add(g.carbon(energy).raw(), joules);
    on_site_.use.add((energy * g.wue).raw(), joules);
    off_site_.use.add((facility * g.water_intensity).raw(), joules);
    PrimarySums primary;
    primary_.add(primary, g.place, facility);
    if (primary.any()) {
      primary_total_.use.add(primary.total.raw(), joules);
      primary_fossil_.use.add(primary.fossil.raw(), joules);
      primary_nuclear_.use.add(primary.nuclear.raw(), joules);
      primary_renewable_.use.add(primary.renewable.raw(), joules);
    }
    if (const auto* e = data_->find_electricity(g.place)) {
      out_.use(data_->use(*e));
      const auto& spread = catalog_.factor("impacts.electricity_spread");
      out_.use(spread.use());
      const auto of = [&](Line& line, const char* code, double unit) {
        const double per_kwh = e->per_kwh[data_->category(code)];
        if (std::isnan(per_kwh)) return;
        const RawEstimate factor = RawEstimate::scaled(spread.estimate(), per_kwh * unit / units::kWh.base());
        line.use.add(RawEstimate::product(facility.raw(), factor), joules);
      };
      of(minerals_, "ADPe", 1);
      of(fossil_, "ADPf", units::MJ.base());
    } else {
      not_assessed_places_.insert(g.place);
    }
    if (rule() == ManufactureRule::energy)
      for (const auto& [device, e] : devices) made_by_energy(part, device, e.total());
  }

  void made_by_energy(Part& part, const std::string& device, const Estimate<Energy>& energy) {
    const auto* known = device.empty() ? nullptr : catalog_.find_device(device);
    if (!known || known->board_power.base() <= 0) return missing(device);
    const auto& share = catalog_.factor("impacts.mean_power_share");
    const Estimate<Power> power = Estimate<Ratio>(share.estimate()) * Estimate<Power>::exact(known->board_power);
    out_.use(share.use());
    made_of(part, device, energy / power, energy.value().base());
  }

  void made_of(Part& part, const std::string& device, const Estimate<Duration>& use, double joules) {
    const auto a = device.empty() ? std::nullopt : amortiser_.of(device, use.value());
    if (!a) return missing(device);
    if (const auto factor = amortiser_.use_of(device)) out_.use(*factor);
    // The error of the time is that of its share of a life.
    const RawEstimate relative = RawEstimate::scaled(use.raw(), use.value().base() > 0 ? 1 / use.value().base() : 0);
    const auto with_time = [&](const RawEstimate& e) {
      return use.value().base() > 0 ? RawEstimate::product(e, relative) : e;
    };
    carbon_.made.add(with_time(a->climate.raw()), joules);
    part.made.add(with_time(a->climate.raw()), joules);
    minerals_.made.add(with_time(a->minerals), joules);
    fossil_.made.add(with_time(a->fossil_energy.raw()), joules);
    primary_total_.made.add(with_time(a->primary_energy.raw()), joules);
    lives_ += a->lives;
  }

  void missing(const std::string& device) { not_assessed_devices_.insert(device.empty() ? "(not named)" : device); }

  static std::string number(const RawEstimate& e, double scale) { return format_number(e.value() / scale); }

  void write() {
    out_.title = fmt::format("{} {}: every impact that can be told", rows_, rows_ == 1 ? "row" : "rows");
    Table t("ledger.impacts.v1");
    t.title = "Impacts";
    t.text("impact").text("unit").number("total").number("low").number("high").number("use").number("manufacture");
    t.number("use_assessed", "%", "of the energy").number("manufacture_assessed", "%", "of the energy");
    const double nan = std::nan("");
    std::vector<Line*> lines{&carbon_,          &on_site_,           &off_site_, &primary_total_, &primary_fossil_,
                             &primary_nuclear_, &primary_renewable_, &fossil_,   &minerals_};
    for (const Line* l : lines) {
      Assessed total = l->use;
      if (l->made.any) total.add(l->made.sum, 0);
      const Interval i = total.sum.interval();
      const auto share = [&](const Assessed& a) { return joules_ > 0 ? 100 * a.joules / joules_ : 0.0; };
      t.add_row({l->name, l->unit, total.any ? total.sum.value() / l->scale : nan, total.any ? i.low / l->scale : nan,
                 total.any ? i.high / l->scale : nan, l->use.any ? l->use.sum.value() / l->scale : nan,
                 l->made.any ? l->made.sum.value() / l->scale : nan, share(l->use),
                 l->can_be_made ? share(l->made) : nan});
    }
    t.caption = "what is not assessed is left out, not zero";
    out_.add(std::move(t));
    out_.estimate("facility_energy", "Energy with the site", Estimate<Energy>(facility_.sum));
    if (o_.price) cost();
    scopes();
    intensity();
    tell();
  }

  // The electricity of a service is paid with its bill.
  void cost() {
    if (hosted_rows_ > 0)
      out_.note(fmt::format("Cost: without the electricity of {} {} of a service bought, which its bill contains.",
                            hosted_rows_, hosted_rows_ == 1 ? "row" : "rows"));
    const auto own = parts_.find(false);
    if (own == parts_.end()) return;
    const RawEstimate cost = RawEstimate::scaled(own->second.facility.sum, *o_.price / units::kWh.base());
    out_.add(EstimateBlock{"cost",
                           "Cost",
                           {cost.value(), cost.interval(), o_.currency, cost.method(), {}},
                           fmt::format("of the electricity{} with the site, at {} {} a kWh",
                                       hosted_rows_ > 0 ? " of your own machines" : "", *o_.price, o_.currency)});
  }

  // GHG Protocol: electricity bought for machines of one's own is Scope 2, their making Scope 3 category 2 (capital
  // goods); of a service bought both are Scope 3 category 1.
  void scopes() {
    Table t("ledger.scopes.v1");
    t.title = "By scope of the GHG Protocol";
    t.text("scope").text("what").number("carbon", "gCO2e").number("carbon_low", "gCO2e").number("carbon_high", "gCO2e");
    const auto line = [&](const char* scope, const char* what, const Assessed& a) {
      if (!a.any) return;
      const Interval i = a.sum.interval();
      const double g = units::gCO2e.base();
      t.add_row({std::string(scope), std::string(what), a.sum.value() / g, i.low / g, i.high / g});
    };
    for (const auto& [hosted, part] : parts_) {
      line(hosted ? "Scope 3, category 1" : "Scope 2, location-based",
           hosted ? "electricity of the service" : "electricity used", part.use);
      line(hosted ? "Scope 3, category 1" : "Scope 3, category 2",
           hosted ? "manufacture of the service's devices, by their use" : "manufacture of the devices, by their use",
           part.made);
    }
    t.caption =
        "carbon factors are of life cycles: upstream emissions of the electricity (Scope 3, category 3) are within the "
        "lines of electricity; machines leased to you rather than a service sold to you are category 8, not 1; Scope 1 "
        "(own fuel, generators) is not in the account";
    out_.add(std::move(t));
    if (static_cast<Owner>(o_.owner) == Owner::by_kind && parts_.contains(true))
      out_.note(
          "Rented machines (kind rented) are taken as a service bought: Scope 3; all other rows as of machines of your "
          "own. --owner own or hosted says it for all rows of the command.");
  }

  void intensity() {
    double r = 0;
    if (o_.unit == "row") r = static_cast<double>(rows_);
    else if (o_.unit == "token") r = static_cast<double>(tokens_);
    else r = static_cast<double>(of_kind_);
    if (r == 0 && o_.unit != "token") {
      std::vector<std::string> known{"row", "token"};
      known.insert(known.end(), kinds_.begin(), kinds_.end());
      throw unknown_name("functional unit", o_.unit, known).at("unit");
    }
    if (r == 0) return out_.warn("the rows have no tokens: SCI per token is not known"), void();
    if (o_.unit != "row" && o_.unit != "token" && kinds_.size() > 1)
      out_.warn(fmt::format("SCI: E and M are of all rows ({}), R of {} alone; --kind {} takes these alone",
                            fmt::join(kinds_, ", "), o_.unit, o_.unit));
    Assessed all = carbon_.use;
    if (carbon_.made.any) all.add(carbon_.made.sum, 0);
    const RawEstimate sci = RawEstimate::scaled(all.sum, 1 / r);
    const Interval i = sci.interval();
    const double g = units::gCO2e.base();
    out_.add(
        EstimateBlock{"sci",
                      "SCI",
                      {sci.value() / g, {i.low / g, i.high / g}, "gCO2e", sci.method(), {}},
                      fmt::format("per {}: (E * I {} + M {}) gCO2e / R {}; ISO/IEC 21031, location-based", o_.unit,
                                  number(carbon_.use.sum, g),
                                  carbon_.made.any ? number(carbon_.made.sum, g) : "not assessed", format_number(r))});
  }

  void tell() {
    out_.note(fmt::format("From {} to {}.", to_string(first_), to_string(last_)));
    pues_.tell(out_);
    static constexpr const char* rules[] = {
        "Manufacture is charged by energy: a row carries as much of a card's life as its energy is of what the card "
        "uses in "
        "its life in use, at a mean power that is a share of its board power (a judgement, in the interval).",
        "Manufacture is charged by time: a row carries as much of a card's life as it lasted. Right where each row had "
        "a "
        "card of its own; rows that shared one count it several times.",
        "Manufacture is left out."};
    out_.note(fmt::format("{} A card lives {} years, in use for {:.0f} % of them.", rules[o_.allocation], o_.years,
                          100 * o_.utilisation));
    if (rule() != ManufactureRule::none && lives_ > 0)
      out_.note(fmt::format("That is {} of a card's life.", format_number(lives_, 3)));
    out_.note(fmt::format(
        "Primary energy of use is counted at the power plants from the generation mix, by the {} convention "
        "(--primary). Fossil energy (ADPf) is of life cycle assessment and holds fossil and nuclear fuels with what it "
        "takes to win them: the two are not added. On-site and off-site water are consumption, not withdrawal.",
        primary_.convention()));
    if (rule() != ManufactureRule::none && !not_assessed_devices_.empty())
      out_.warn(fmt::format(
          "manufacture is not assessed for {}: not among the cards that are documented (`wattline ledger lca` "
          "lists them)",
          fmt::join(not_assessed_devices_, ", ")));
    if (!not_assessed_places_.empty())
      out_.warn(fmt::format("minerals and fossil energy of use are not assessed for {}: no factor",
                            fmt::join(not_assessed_places_, ", ")));
    primary_.tell(out_);
  }

  const ImpactsOptions& o_;
  Context& context_;
  const catalog::Catalog& catalog_;
  catalog::PlaceOptions site_;
  std::shared_ptr<const lca::Data> data_;
  PrimaryEnergies primary_;
  lca::Life life_;
  lca::Amortiser amortiser_;
  std::map<bool, Part> parts_;  // by whether the machines are somebody else's
  std::set<std::string> kinds_, not_assessed_devices_, not_assessed_places_;
  std::int64_t rows_ = 0, tokens_ = 0, of_kind_ = 0, hosted_rows_ = 0;
  OwnPues pues_;
  Time first_, last_;
  double joules_ = 0, lives_ = 0;
  Assessed facility_;
  Line carbon_{"carbon", "gCO2e", units::gCO2e.base(), {}, {}, true};
  Line on_site_{"water on site", "L", units::L.base(), {}, {}, false};
  Line off_site_{"water of the electricity", "L", units::L.base(), {}, {}, false};
  Line primary_total_{"primary energy", "MJ", units::MJ.base(), {}, {}, true};
  Line primary_fossil_{"primary energy, fossil", "MJ", units::MJ.base(), {}, {}, false};
  Line primary_nuclear_{"primary energy, nuclear", "MJ", units::MJ.base(), {}, {}, false};
  Line primary_renewable_{"primary energy, renewable", "MJ", units::MJ.base(), {}, {}, false};
  Line fossil_{"fossil energy (ADPf)", "MJ", units::MJ.base(), {}, {}, true};
  Line minerals_{"minerals and metals (ADPe)", "mgSb eq", 1e-6, {}, {}, true};
  Result out_;
};

}  // namespace

Result every_impact(const ImpactsOptions& options, Context& context) { return Everything(options, context).run(); }

Capability impacts_capability() {
  using O = ImpactsOptions;
  static const Fields<O> fields =
      Fields<O>()
          .group(&O::rows, rows_fields(), "Which rows")
          .enumeration("allocation", &O::allocation, {"energy", "time", "none"},
                       "how the making of devices is charged to rows")
          .enumeration("owner", &O::owner, {"by-kind", "own", "hosted"},
                       "whose the machines are, which decides the scopes; by-kind: rented ones another's, the rest "
                       "your own")
          .text("unit", &O::unit, "functional unit of SCI: row, token, or a kind of row (answer, run)")
          .number("years", &O::years, "life of a device")
          .range(0.1, 30)
          .number("utilisation", &O::utilisation, "share of its life that it is in use")
          .range(0.001, 1)
          .number("price", &O::price, "price of a kWh")
          .range(1e-6, 1e6)
          .text("currency", &O::currency, "of the price")
          .group(&O::site, report_site_fields(), "Site")
          .group(&O::primary, primary_fields(), "Primary energy");
  Capability c =
      capability<O>("ledger", "impacts",
                    "Every impact of the account: carbon, water, primary energy, minerals, of use and manufacture.",
                    &every_impact, fields);
  c.description =
      "Derives from the account's energies, with the catalog of today: carbon, water on site and of the electricity, "
      "minerals (ADPe), fossil energy (ADPf) and primary energy (by the generation mix and a named convention) of use, "
      "and of the manufacture of the devices that rows name where "
      "their "
      "cards are documented; by scope of the GHG Protocol; and the Software Carbon Intensity (ISO/IEC 21031) per row, "
      "token, "
      "answer or run. What has no factor is said to be not assessed, never taken as zero.";
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.emits = {"ledger.impacts.v1", "ledger.scopes.v1", "ledger.primary.v1"};
  c.examples = {{{"--unit", "answer"}, {}, "The account is empty"},
                {{"--place", "US-CA", "--primary", "direct", "--mix-file", "mix.csv"},
                 {{"mix.csv", "place,fuel,generation\nUS-CA,gas,90\nUS-CA,solar,60\nUS-CA,hydro,30\n"}},
                 "The account is empty"}};
  return c;
}

}  // namespace wattline::ledger
