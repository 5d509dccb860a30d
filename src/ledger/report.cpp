#include "ledger/report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/shown.h"
#include "kernel/units.h"
#include "ledger/factors/hourly.h"
#include "ledger/factors/live_hours.h"
#include "ledger/green_text.h"
#include "ledger/impacts.h"
#include "ledger/machines/take_machines.h"
#include "ledger/report_comparison.h"
#include "ledger/report_groups.h"
#include "ledger/report_head.h"

namespace wattline::ledger {
namespace {

constexpr std::string_view world = "WORLD";  // the catalog's place

std::string counted(std::int64_t n, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", n, n == 1 ? one : many);
}

// Amount and what it is of, once: "2,880 web searches". The calculator's own text has what follows the number.
std::string equivalence_text(const Equivalence& e) {
  if (e.name == "flight" && e.value < 1) {
    const std::string share = e.value < 0.001 ? "less than 0.1" : grouped_number(100 * e.value, 2);
    return fmt::format("{} % {}", share, e.text.substr(e.text.find("of a flight")));
  }
  const bool years = e.name == "tree" && e.text.ends_with("tree-years");
  return grouped_number(years ? e.value / 12 : e.value) + e.text.substr(std::min(e.text.find(' '), e.text.size()));
}

class Report {
 public:
  Report(const ReportOptions& o, Context& context)
      : o_(o),
        context_(context),
        catalog_(context.get<catalog::Catalog>()),
        grids_(catalog_,
               {.place = o.site.place, .intensity = {}, .water_intensity = {}, .pue = o.site.pue, .wue = o.site.wue}),
        primary_(o.primary, catalog_, o.site.place),
        contracts_(o.market, catalog_, o.site.place) {
    if (o.no_fallback && !by_the_hour())
      throw bad_input("without hours there is nothing to fall back from", "no-fallback",
                      "give --hourly or --fetch too");
    if (by_the_hour())
      hourly_.emplace(catalog_, catalog::IntensityStore(catalog::intensity_dir(context)), o.site.place);
  }

  Result run() {
    prefix_ = title_prefix(o_);
    if (o_.agents.given()) take_in_agents();
    const auto ledger = account(context_);
    by_ = words_of(o_.by);
    const bool asked = !by_.empty();
    if (!asked) by_ = {"kind", "model", "place"};
    if (!o_.site.place.empty()) catalog_.place(o_.site.place);
    if (!ledger) {
      out_.title = prefix_ + "The account is empty";
      out_.note(no_account_text(context_));
      out_.add(report_head(o_, context_, nullptr, {}));
      return std::move(out_);
    }
    if (o_.fetch != ReportOptions::Fetch::no) fetch_hours(*ledger);
    read(*ledger);
    if (total_.rows == 0) {
      const std::string when = asked_period(o_.rows);
      out_.title = prefix_ + "No rows";
      out_.note(fmt::format("The account in {} holds {}; none is of this period and choice{}.",
                            account_dir(context_).string(), counted(ledger->size(), "row", "rows"),
                            when.empty() ? "" : fmt::format(" (asked: {}, UTC)", when)));
      out_.add(report_head(o_, context_, ledger.get(), {}));
      return std::move(out_);
    }
    if (o_.no_fallback) hourly_->require_all();
    if (asked) check_keys();
    write(asked);
    out_.add(report_head(o_, context_, ledger.get(), {total_.rows, to_string(first_), to_string(last_)}));
    return std::move(out_);
  }

 private:
  bool by_the_hour() const { return o_.hourly || o_.fetch != ReportOptions::Fetch::no; }

  void take_in_agents() {
    const auto* reader = context_.find<MachineReader>();
    if (!reader)
      throw Error(ErrorKind::denied, "agents are asked on the command line alone", "agents",
                  "leave --agents out: what was taken in before is in the account");
    take_machines(reader->read(o_.agents), o_.site.place.empty() ? "" : catalog_.place(o_.site.place).code, context_,
                  out_);
  }

  // Asks for the hours of these rows before they are summed.
  void fetch_hours(const Ledger& ledger) {
    using catalog::ProviderName;
    const auto name =
        o_.fetch == ReportOptions::Fetch::watttime ? ProviderName::watttime : ProviderName::electricity_maps;
    const auto provider = catalog::make_provider(catalog::intensity_providers(context_).of(name),
                                                 [this] { return context_.stop.stop_requested(); });
    live_.emplace(catalog_, o_.site.place);
    const auto need = [&](const Subtotal& s) { live_->need(s); };
    for_each_subtotal(ledger, o_.rows, context_, need);
    if (!o_.against.empty()) for_each_subtotal(ledger, other_rows(o_), context_, need);
    live_->fetch(catalog::IntensityStore(catalog::intensity_dir(context_)), *provider, context_);
    for (const auto& [place, why] : live_->failures()) hourly_->not_had(place, why);
  }

  void read(const Ledger& ledger) {
    groups_.resize(by_.size());
    if (!o_.against.empty()) read_other(ledger);
    for_each_subtotal(ledger, o_.rows, context_, [&](const Subtotal& s) {
      const Fact& f = s.like.fact;
      first_ = total_.rows == 0 ? s.first_begin : std::min(first_, s.first_begin);
      last_ = total_.rows == 0 ? s.last_end : std::max(last_, s.last_end);
      const HourlyShare hourly = hourly_ ? hourly_->of(s) : HourlyShare{};
      total_.add(s, hourly);
      pues_.see(f, s.rows);
      if (f.kind == "machine") whole_machines_ += s.rows;
      else if (!is_rented(f)) inside_ += s.rows;
      if (is_rented(f)) rented_ += s.rows;
      else own_[site_of(f)].add(s.energy);
      for (std::size_t i = 0; i < by_.size(); ++i) {
        groups_[i][group_of(ledger, s, by_[i])].add(s, hourly);
      }
      if (s.with_tokens) with_tokens_.add(s.energy);
      methods_[static_cast<std::size_t>(f.energy.method())] += s.rows;
      method_joules_[static_cast<std::size_t>(f.energy.method())] += s.energy.value();
      factor_sets_[s.like.factor_set] += s.rows;
      if (f.place.empty()) placeless_ += s.rows;
      if (f.place == world) world_ += s.rows;
      if (label_names_.size() < 50)
        for (const auto& [name, value] : f.labels) label_names_.insert(name);
    });
  }

  std::string group_of(const Ledger& ledger, const Subtotal& s, const std::string& by) {
    std::string key = key_of(s.like, by);
    if (key.empty()) return "(none)";
    if (key[0] != '~') return key;
    const auto [it, fresh] = names_.try_emplace(key);
    if (fresh) it->second = shown(ledger, key);
    return it->second;
  }

  void read_other(const Ledger& ledger) {
    const RowsOptions rows = other_rows(o_);
    for_each_subtotal(ledger, rows, context_, [&](const Subtotal& s) {
      const HourlyShare hourly = hourly_ ? hourly_->of(s, false) : HourlyShare{};
      other_.add(s, hourly);
      other_groups_[group_of(ledger, s, by_.front())].add(s, hourly);
    });
    other_period_ = period_text(rows);
  }

  PrimarySums primary_of(const EnergyBySite& sums) {
    PrimarySums out;
    for (const auto& [site, sum] : sums) {
      const catalog::Grid& grid = grids_.grid(site);
      primary_.add(out, grid.place, grid.facility_energy(sum.total()));
    }
    return out;
  }

  // Fossil and total apart: the fossil part depends on no convention.
  void primary(const PrimarySums& sums) {
    if (!sums.any()) return;
    const std::string share =
        sums.whole() ? "" : fmt::format("; of {:.4g} % of the energy", 100 * sums.assessed / sums.joules);
    out_.estimate("primary_energy", "Primary energy", sums.total, energy_unit_,
                  "of the electricity, by " + primary_.convention() + share);
    out_.estimate("primary_energy_fossil", "of it fossil", sums.fossil, energy_unit_,
                  "coal, gas and oil burnt" + share);
  }

  void comparison() {
    if (other_.rows == 0) {
      out_.warn(fmt::format("no row is of the period that this is held against ({})", other_period_));
      return;
    }
    const PrimarySums now = primary_of(total_.by_site), then = primary_of(other_.by_site);
    Table t = comparison_table({total_, groups_.front(), now}, {other_, other_groups_, then}, by_.front(), grids_);
    t.title = "Against " + other_period_;
    out_.add(std::move(t));
  }

  // The electricity of rented machines is paid with their bill.
  void cost() {
    if (rented_ > 0)
      out_.note(fmt::format("Cost: without the electricity of {} (kind rented), which their bill contains.",
                            counted(rented_, "row of rented machines", "rows of rented machines")));
    if (own_.empty()) return;
    const RawEstimate cost = RawEstimate::scaled(grids_.of(own_).facility.raw(), *o_.price / units::kWh.base());
    out_.add(EstimateBlock{"cost",
                           "Cost",
                           {cost.value(), cost.interval(), o_.currency, cost.method(), {}},
                           fmt::format("of the electricity{} with the site, at {} {} a kWh",
                                       rented_ > 0 ? " of your own machines" : "", *o_.price, o_.currency)});
  }

  // What an agent wrote is all that its machine drew.
  void counted_twice() {
    if (whole_machines_ == 0 || inside_ == 0) return;
    out_.warn(
        fmt::format("{} hold all that a machine drew, what ran and was answered on it included: what {} tell of "
                    "the same machine is counted twice; --kind chooses one or the other",
                    counted(whole_machines_, "row of kind machine", "rows of kind machine"),
                    counted(inside_, "other row", "other rows")));
  }

  // How it is known: a sum is as good as its worst part.
  void methods() {
    Table t("ledger.methods.v1");
    t.title = "How it is known";
    t.text("method").integer("rows").number("energy", "Wh").number("share", "%");
    double all = 0;
    for (const double joules : method_joules_) all += joules;
    for (std::size_t m = 0; m < 3; ++m)
      if (methods_[m] > 0)
        t.add_row({std::string(to_string(static_cast<Method>(m))), methods_[m], method_joules_[m] / units::Wh.base(),
                   all > 0 ? 100 * method_joules_[m] / all : 0.0});
    out_.add(std::move(t));
  }

  void compared_with_daily_life(const Impacts& all) {
    const double grams = all.carbon.value().in(units::gCO2e);
    if (!(grams > 0)) return;
    const auto data = catalog::GreenAlgorithms::load("v3.0");
    Table t("ledger.equivalences.v2");
    t.title = "As much carbon as";
    t.text("as_much_as");
    t.caption = "reference values of the Green Algorithms calculator, data v3.0";
    for (const auto& e : equivalences(grams, *data)) t.add_row({equivalence_text(e)});
    out_.add(std::move(t));
  }

  // A grouping that no row knows is a slip of the pen, not a table with one line.
  void check_keys() const {
    for (std::size_t i = 0; i < by_.size(); ++i) {
      if (groups_[i].size() > 1 || !groups_[i].contains("(none)")) continue;
      const auto& keys = row_keys();
      if (std::find(keys.begin(), keys.end(), by_[i]) != keys.end()) continue;
      std::vector<std::string> known = keys;
      known.insert(known.end(), label_names_.begin(), label_names_.end());
      const Error e = unknown_name("grouping", by_[i], known);
      throw bad_input(e.message(), "by", fmt::format("rows can be grouped by {}", fmt::join(known, ", ")));
    }
  }

  void write(bool asked) {
    const Impacts all = grids_.of(total_.by_site);
    const Unit energy = billing_unit(all.energy.value().base());
    energy_unit_ = energy.symbol;
    out_.title = fmt::format("{}{}: {} {}, {}, {}", prefix_, counted(total_.rows, "row", "rows"),
                             format_number(all.energy.value().base() / energy.scale, 3), energy.symbol,
                             to_string(all.carbon.value(), 3), to_string(all.water.value(), 3));
    out_.estimate("energy", "Energy", all.energy, energy_unit_, "at the devices");
    out_.estimate("facility_energy", "With the site", all.facility, energy_unit_,
                  "with the overhead of cooling and supply (PUE)");
    out_.estimate("carbon", "Carbon", all.carbon, {},
                  hourly_ ? fmt::format("location-based; {:.4g} % of the energy by the hour", 100 * hourly_->covered())
                          : "location-based");
    out_.estimate("water", "Water", all.water, {}, "on site and to make the electricity");
    primary(primary_of(total_.by_site));
    if (total_.tokens_out > 0)
      out_.estimate("energy_per_token", "Per token out",
                    with_tokens_.total() / Estimate<Tokens>::exact(Tokens(static_cast<double>(total_.tokens_out))), {},
                    fmt::format("{} tokens out, {} in; at the devices", total_.tokens_out, total_.tokens_in));
    if (o_.price) cost();
    out_.note(period());
    if (contracts_.any()) contracts_.tell(out_, grids_, total_.by_site);
    if (hourly_) hourly_->tell(out_, grids_);
    if (live_) live_->tell(out_);
    if (!o_.against.empty()) comparison();
    bool drawn = false;
    for (std::size_t i = 0; i < by_.size(); ++i) {
      if (!asked && i > 0 && groups_[i].size() == 1) continue;
      out_.add(report_groups_table(by_[i], groups_[i], all, grids_));
      if (!std::exchange(drawn, true)) out_.add(report_groups_figure(by_[i], groups_[i], grids_));
    }
    if (std::count_if(std::begin(methods_), std::end(methods_), [](auto n) { return n > 0; }) > 1) methods();
    primary_.tell(out_);
    compared_with_daily_life(all);
    counted_twice();
    tell_assumptions();
    grids_.tell(out_);
  }

  std::string period() const {
    std::string methods;
    for (std::size_t m = 0; m < 3; ++m)
      if (methods_[m])
        methods += fmt::format("{}{} {}", methods.empty() ? "" : ", ", methods_[m], to_string(static_cast<Method>(m)));
    return fmt::format("Rows from {} to {}. Energies: {}.", to_string(first_), to_string(last_), methods);
  }

  void tell_assumptions() {
    pues_.tell(out_);
    if (placeless_ && o_.site.place.empty())
      out_.warn(fmt::format("{} no place: the world average is taken; --place names theirs",
                            counted(placeless_, "row names", "rows name")));
    else if (placeless_)
      out_.warn(fmt::format("{} no place: taken as {}", counted(placeless_, "row names", "rows name"), o_.site.place));
    if (world_ && !o_.site.place.empty() && catalog_.place(o_.site.place).code != world)
      out_.warn(fmt::format(
          "{} the place {} (recorded without a place by an older gateway or `wattline run`, or given): "
          "--place {} does not change {}; `wattline ledger correct ROW --place {}` does",
          counted(world_, "row names", "rows name"), world, o_.site.place, world_ == 1 ? "it" : "them", o_.site.place));
    for (const auto& [version, rows] : factor_sets_)
      if (version != catalog_.version())
        out_.warn(fmt::format(
            "{} recorded under {}; impacts here are derived with the catalog {} (energies stand as recorded)",
            counted(rows, "row was", "rows were"), version.empty() ? "an unnamed catalog" : "the catalog " + version,
            catalog_.version()));
  }

  const ReportOptions& o_;
  Context& context_;
  const catalog::Catalog& catalog_;
  Grids grids_;
  PrimaryEnergies primary_;
  Contracts contracts_;
  std::optional<HourlyIntensity> hourly_;
  std::optional<LiveHours> live_;
  std::vector<std::string> by_;
  ReportSum total_;
  EnergySum with_tokens_;
  std::vector<ReportGroups> groups_;
  Time first_, last_;
  std::int64_t methods_[3] = {};
  double method_joules_[3] = {};
  std::map<std::string, std::string> names_;  // of people, by pseudonym
  ReportSum other_;
  ReportGroups other_groups_;
  std::string other_period_;
  std::int64_t placeless_ = 0, world_ = 0, rented_ = 0, whole_machines_ = 0, inside_ = 0;
  EnergyBySite own_;  // of machines that are not rented
  OwnPues pues_;
  std::map<std::string, std::int64_t> factor_sets_;
  std::set<std::string> label_names_;
  std::string prefix_, energy_unit_;
  Result out_;
};

}  // namespace

Result report(const ReportOptions& options, Context& context) { return Report(options, context).run(); }

}  // namespace wattline::ledger
