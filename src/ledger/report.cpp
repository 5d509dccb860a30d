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
#include "ledger/report_head.h"

namespace wattline::ledger {
namespace {

constexpr std::string_view world = "WORLD";  // the catalog's place

struct Sum {
  std::int64_t rows = 0, tokens_in = 0, tokens_out = 0;
  EnergyByPlace by_place;

  void add(const Subtotal& s, const HourlyShare& hourly) {
    rows += s.rows;
    tokens_in += s.tokens_in;
    tokens_out += s.tokens_out;
    by_place[s.like.fact.place].add(s.energy, hourly);
  }
};
using Groups = std::map<std::string, Sum>;

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
    if (!o_.against.empty()) for_each_subtotal(ledger, other_rows(), context_, need);
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

  // The rows of the period that this one is held against.
  RowsOptions other_rows() const {
    RowsOptions rows = o_.rows;
    if (o_.against == "previous") {
      if (o_.rows.since.empty())
        throw bad_input("the period before is not known without a beginning of this one", "against",
                        "give --since, or a period as --against 2026-10-01..2026-11-01");
      const Time since = parse_moment(o_.rows.since, "since");
      const Time until = o_.rows.until.empty() ? Time::now() : parse_moment(o_.rows.until, "until");
      rows.since = to_string(Time{since.ns - (until.ns - since.ns)}, 9);
      rows.until = to_string(since, 9);
    } else {
      const auto dots = o_.against.find("..");
      if (dots == std::string::npos)
        throw bad_input(fmt::format("'{}' is no period", o_.against.substr(0, 80)), "against",
                        "previous, or FROM..UNTIL as in 2026-10-01..2026-11-01");
      rows.since = o_.against.substr(0, dots);
      rows.until = o_.against.substr(dots + 2);
    }
    return rows;
  }

  void read_other(const Ledger& ledger) {
    const RowsOptions rows = other_rows();
    other_groups_.clear();
    for_each_subtotal(ledger, rows, context_, [&](const Subtotal& s) {
      const HourlyShare hourly = hourly_ ? hourly_->of(s, false) : HourlyShare{};
      other_.add(s, hourly);
      other_groups_[group_of(ledger, s, by_.front())].add(s, hourly);
    });
    const auto day = [](const std::string& text) {
      return text.ends_with("T00:00:00.000000000Z") ? text.substr(0, 10) : text.substr(0, 16) + "Z";
    };
    const auto moment = [&](const std::string& text, const char* open) {
      return text.empty() ? std::string(open) : day(to_string(parse_moment(text, "against"), 9));
    };
    other_period_ = fmt::format("{} to {}", moment(rows.since, "the beginning"), moment(rows.until, "now"));
  }

  PrimarySums primary_of(const EnergyByPlace& sums) {
    PrimarySums out;
    for (const auto& [place, sum] : sums) {
      const catalog::Grid& grid = grids_.grid(place);
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

  // What changed since the other period. What both share in uncertainty (a factor) cancels.
  void comparison(const Impacts& all) {
    if (other_.rows == 0) {
      out_.warn(fmt::format("no row is of the period that this is held against ({})", other_period_));
      return;
    }
    Table t("ledger.comparison.v1");
    t.title = "Against " + other_period_;
    t.text("figure").number("now").number("before").text("unit").number("change", "%").number("change_low", "%");
    t.number("change_high", "%");
    const auto line = [&](std::string name, const RawEstimate& now, const RawEstimate& before, double scale,
                          std::string unit) {
      const double nan = std::nan("");
      if (!(before.value() > 0)) {
        t.add_row({std::move(name), now.value() / scale, before.value() / scale, std::move(unit), nan, nan, nan});
        return;
      }
      const RawEstimate ratio = RawEstimate::quotient(now, before);
      const Interval i = ratio.interval();
      t.add_row({std::move(name), now.value() / scale, before.value() / scale, std::move(unit),
                 100 * (ratio.value() - 1), 100 * (i.low - 1), 100 * (i.high - 1)});
    };
    const Impacts then = grids_.of(other_.by_place);
    const auto exact = [](std::int64_t n) { return RawEstimate(static_cast<double>(n)); };
    const auto larger = [](const auto& a, const auto& b) { return std::max(a.value().base(), b.value().base()); };
    const Unit energy = billing_unit(larger(all.energy, then.energy));
    const Unit carbon = friendly_unit(larger(all.carbon, then.carbon), Carbon::dimension);
    const Unit water = friendly_unit(larger(all.water, then.water), Volume::dimension);
    line("energy", all.energy.raw(), then.energy.raw(), energy.scale, energy.symbol);
    line("carbon", all.carbon.raw(), then.carbon.raw(), carbon.scale, carbon.symbol);
    line("water", all.water.raw(), then.water.raw(), water.scale, water.symbol);
    const PrimarySums primary_now = primary_of(total_.by_place), primary_then = primary_of(other_.by_place);
    if (primary_now.whole() && primary_then.whole())
      line("primary energy", primary_now.total.raw(), primary_then.total.raw(), energy.scale, energy.symbol);
    line("rows", exact(total_.rows), exact(other_.rows), 1, "");
    line("tokens out", exact(total_.tokens_out), exact(other_.tokens_out), 1, "");
    if (total_.tokens_out > 0 && other_.tokens_out > 0)
      line("energy per token", RawEstimate::scaled(all.energy.raw(), 1.0 / static_cast<double>(total_.tokens_out)),
           RawEstimate::scaled(then.energy.raw(), 1.0 / static_cast<double>(other_.tokens_out)), 1, "J");
    std::set<std::string> names;
    for (const auto* groups : {&groups_.front(), &other_groups_})
      for (const auto& [name, sum] : *groups) names.insert(name);
    const auto energy_of = [&](const Groups& groups, const std::string& name) {
      const auto it = groups.find(name);
      return it == groups.end() ? RawEstimate(0.0) : grids_.of(it->second.by_place).energy.raw();
    };
    constexpr std::size_t most = 20;
    if (by_.front() != "day" && by_.front() != "month" && names.size() > 1 && names.size() <= most)
      for (const auto& name : names)
        line(fmt::format("energy of {} {}", by_.front(), name), energy_of(groups_.front(), name),
             energy_of(other_groups_, name), energy.scale, energy.symbol);
    out_.add(std::move(t));
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
    const Impacts all = grids_.of(total_.by_place);
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
    primary(primary_of(total_.by_place));
    if (total_.tokens_out > 0)
      out_.estimate("energy_per_token", "Per token out",
                    with_tokens_.total() / Estimate<Tokens>::exact(Tokens(static_cast<double>(total_.tokens_out))), {},
                    fmt::format("{} tokens out, {} in; at the devices", total_.tokens_out, total_.tokens_in));
    if (o_.price) {
      const Estimate<Energy>& e = all.facility;
      const RawEstimate cost = RawEstimate::scaled(e.raw(), *o_.price / units::kWh.base());
      out_.add(EstimateBlock{"cost",
                             "Cost",
                             {cost.value(), cost.interval(), o_.currency, cost.method(), {}},
                             fmt::format("of the electricity with the site, at {} {} a kWh", *o_.price, o_.currency)});
    }
    out_.note(period());
    if (contracts_.any()) contracts_.tell(out_, grids_, total_.by_place);
    if (hourly_) hourly_->tell(out_, grids_);
    if (live_) live_->tell(out_);
    if (!o_.against.empty()) comparison(all);
    bool drawn = false;
    for (std::size_t i = 0; i < by_.size(); ++i) {
      if (!asked && i > 0 && groups_[i].size() == 1) continue;
      group_table(by_[i], groups_[i], all);
      if (!std::exchange(drawn, true)) figure(by_[i], groups_[i]);
    }
    if (std::count_if(std::begin(methods_), std::end(methods_), [](auto n) { return n > 0; }) > 1) methods();
    primary_.tell(out_);
    compared_with_daily_life(all);
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

  std::vector<const Groups::value_type*> ordered(const std::string& key, const Groups& groups) const {
    std::vector<const Groups::value_type*> order;
    for (const auto& g : groups) order.push_back(&g);
    if (key == "day" || key == "month") return order;
    std::map<const Groups::value_type*, double> joules;
    for (const auto* g : order)
      for (const auto& [place, sum] : g->second.by_place) joules[g] += sum.total().value().base();
    std::stable_sort(order.begin(), order.end(), [&](const auto* a, const auto* b) { return joules[a] > joules[b]; });
    return order;
  }

  void group_table(const std::string& key, const Groups& groups, const Impacts& all) {
    Table t("ledger.groups.v1");
    t.title = "By " + key;
    t.text("group")
        .integer("rows")
        .number("energy", "Wh", "at the device")
        .number("energy_low", "Wh")
        .number("energy_high", "Wh");
    t.number("share", "%", "of the energy")
        .number("carbon", "gCO2e")
        .number("water", "mL")
        .text("method", "the worst of the rows");
    t.integer("tokens_out").integer("tokens_in");
    t.number("carbon_low", "gCO2e").number("carbon_high", "gCO2e").number("water_low", "mL").number("water_high", "mL");
    t.text("by");
    const double whole = all.energy.value().base();
    for (const auto* group : ordered(key, groups)) {
      const Sum& s = group->second;
      const Impacts i = grids_.of(s.by_place);
      const Measure e = i.energy.measure("Wh"), c = i.carbon.measure("gCO2e"), w = i.water.measure("mL");
      t.add_row({group->first, s.rows, e.value, e.interval.low, e.interval.high,
                 whole > 0 ? 100 * i.energy.value().base() / whole : 0.0, c.value, w.value,
                 std::string(to_string(e.method)), s.tokens_out, s.tokens_in, c.interval.low, c.interval.high,
                 w.interval.low, w.interval.high, key});
    }
    out_.add(std::move(t));
  }

  void figure(const std::string& key, const Groups& groups) {
    const auto order = ordered(key, groups);
    constexpr std::size_t most = 20;
    constexpr double least_drawn = 0.001;  // of the largest bar: less is no bar to see
    std::size_t bars = std::min(order.size(), most);
    double largest = 0;
    std::vector<Measure> joules;
    for (std::size_t i = 0; i < bars; ++i) {
      joules.push_back(grids_.of(order[i]->second.by_place).energy.measure("J"));
      largest = std::max(largest, joules.back().value);
    }
    const Unit unit = billing_unit(largest);
    if (key != "day" && key != "month")
      while (joules.back().value < least_drawn * largest) joules.pop_back();
    bars = joules.size();
    Figure f;
    f.kind = Figure::Kind::bar;
    f.title = "Energy by " + key;
    if (bars < order.size()) f.caption = fmt::format("the first {} of {}", bars, order.size());
    f.y = {"energy", unit.symbol};
    Figure::Trace trace;
    trace.name = "energy";
    for (std::size_t i = 0; i < bars; ++i) {
      trace.x.push_back(static_cast<double>(i));
      trace.y.push_back(joules[i].value / unit.scale);
      trace.low.push_back(joules[i].interval.low / unit.scale);
      trace.high.push_back(joules[i].interval.high / unit.scale);
      f.categories.push_back(order[i]->first);
    }
    f.traces.push_back(std::move(trace));
    out_.add(std::move(f));
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
  Sum total_;
  EnergySum with_tokens_;
  std::vector<Groups> groups_;
  Time first_, last_;
  std::int64_t methods_[3] = {};
  double method_joules_[3] = {};
  std::map<std::string, std::string> names_;  // of people, by pseudonym
  Sum other_;
  Groups other_groups_;
  std::string other_period_;
  std::int64_t placeless_ = 0, world_ = 0;
  std::map<std::string, std::int64_t> factor_sets_;
  std::set<std::string> label_names_;
  std::string prefix_, energy_unit_;
  Result out_;
};

}  // namespace

Result report(const ReportOptions& options, Context& context) { return Report(options, context).run(); }

}  // namespace wattline::ledger
