#include "ledger/budget/budget.h"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/budget/forecast.h"
#include "ledger/impacts.h"

namespace wattline::ledger {
namespace {

constexpr std::int64_t days_of_history = 28;
constexpr std::array period_names{"month", "quarter", "year"};

struct Limit {
  std::string name, unit;
  double limit = 0;
  RawEstimate used;  // in the period so far
  DailyUse days;
  double value(const RawEstimate& base_units) const { return base_units.value() / scale; }
  double scale = 1;  // of the unit, in base units
};

class Budget {
 public:
  Budget(const BudgetOptions& o, Context& context)
      : o_(o),
        context_(context),
        catalog_(context.get<catalog::Catalog>()),
        grids_(catalog_,
               {.place = o.site.place, .intensity = {}, .water_intensity = {}, .pue = o.site.pue, .wue = o.site.wue}),
        now_(o.at.empty() ? Time::now() : parse_moment(o.at, "at")),
        span_(span_at(static_cast<Period>(o.per), now_)) {}

  Result run() {
    read_limits();
    if (!o_.site.place.empty()) catalog_.place(o_.site.place);
    const auto ledger = account(context_);
    out_.title = fmt::format("Budget of the {} from {} to {}", period_names[static_cast<std::size_t>(o_.per)],
                             date(span_.begin), date(span_.end));
    if (!ledger) {
      out_.note(no_account_text(context_));
      out_.verdict = Verdict{true, "nothing was recorded, so nothing is used"};
      return std::move(out_);
    }
    read(*ledger);
    write();
    return std::move(out_);
  }

 private:
  static std::string date(Time t) { return to_string(t).substr(0, 10); }

  void add_limit(std::string name, std::string unit, double limit, double scale) {
    if (!(limit > 0)) throw bad_input(fmt::format("a budget of {} {}; more than 0 is needed", limit, unit), name);
    Limit l;
    l.name = std::move(name);
    l.unit = std::move(unit);
    l.limit = limit;
    l.scale = scale;
    limits_.push_back(std::move(l));
  }

  void read_limits() {
    if (o_.energy) add_limit("energy", "kWh", o_.energy->in(units::kWh), units::kWh.base());
    if (o_.carbon) add_limit("carbon", "kgCO2e", o_.carbon->in(units::kgCO2e), units::kgCO2e.base());
    if (o_.water) add_limit("water", "L", o_.water->in(units::L), units::L.base());
    if (o_.money) {
      if (!o_.price) throw bad_input("a budget of money needs the price of electricity", "price", "--price 0.25");
      add_limit("money", o_.currency, *o_.money, units::kWh.base() / *o_.price);
    }
    if (limits_.empty())
      throw bad_input(
          "no budget is given", "energy",
          "say at least one of --energy 500 kWh, --carbon 100kgCO2e, --water 2000 and --money 150 --price 0.25");
  }

  static const RawEstimate& of(const Impacts& i, const std::string& name) {
    if (name == "carbon") return i.carbon.raw();
    if (name == "water") return i.water.raw();
    return i.facility.raw();
  }

  void read(const Ledger& ledger) {
    const std::int64_t today = day_of(now_);
    RowsOptions rows;
    rows.where = o_.where;
    rows.kind = o_.kind;
    rows.since = to_string(Time{std::min(span_.begin.ns, (today - days_of_history) * day_ns)});
    rows.until = to_string(now_ + Duration(1e-9), 9);
    // Money is that of machines of one's own: a cloud's bill contains its electricity.
    struct Use {
      EnergyBySite all, own;
      void add(const Subtotal& s) {
        const RowSite site = site_of(s.like.fact);
        all[site].add(s.energy);
        if (!is_rented(s.like.fact)) own[site].add(s.energy);
      }
    };
    std::map<std::int64_t, Use> by_day;
    Use period;
    for_each_subtotal(ledger, rows, context_, [&](const Subtotal& s) {
      by_day[day_of(s.last_end)].add(s);
      if (s.last_end >= span_.begin) {
        period.add(s);
        if (is_rented(s.like.fact)) rented_ += s.rows;
        pues_.see(s.like.fact, s.rows);
      }
      rows_ += s.rows;
    });
    const auto impacts = [&](const EnergyBySite& sums) { return sums.empty() ? Impacts{} : grids_.of(sums); };
    const Impacts used = impacts(period.all), used_own = impacts(period.own);
    const std::int64_t first = by_day.empty() ? today : std::max(by_day.begin()->first, today - days_of_history);
    days_ = std::max<std::int64_t>(0, today - first);
    for (auto& l : limits_) {
      l.used = RawEstimate::scaled(of(l.name == "money" ? used_own : used, l.name), 1 / l.scale);
      l.days.first_day = first;
      l.days.amounts.assign(static_cast<std::size_t>(days_), 0);
    }
    for (const auto& [day, use] : by_day) {
      if (day < first || day >= today) continue;
      const Impacts i = impacts(use.all), own = impacts(use.own);
      for (auto& l : limits_)
        l.days.amounts[static_cast<std::size_t>(day - first)] =
            of(l.name == "money" ? own : i, l.name).value() / l.scale;
    }
  }

  void write() {
    Table t("ledger.budget.v1");
    t.title = "Budgets";
    t.text("resource").number("limit").text("unit").number("used").number("used_share", "%");
    t.number("expected", "", "at the end of the period").number("expected_low").number("expected_high");
    t.number("expected_share", "%").text("runs_out").text("earliest").text("latest");
    std::string worst;
    Figure f;
    f.kind = Figure::Kind::bar;
    f.title = "Used and expected, of the budget";
    f.y = {"of the budget", "%"};
    Figure::Trace used{"used", {}, {}, {}, {}}, expected{"expected at the end", {}, {}, {}, {}};
    for (const auto& l : limits_) {
      const double u = l.used.value();
      std::optional<Forecast> ahead;
      if (days_ >= 2) ahead = forecast(l.days, now_, span_.end, l.limit - u);
      // What the factors leave open of what was used they leave open of what comes.
      RawEstimate end = l.used;
      if (ahead && u > 0) end = RawEstimate::scaled(l.used, (u + ahead->rest) / u);
      if (ahead)
        end = RawEstimate::sum(end, RawEstimate(u > 0 ? 0 : ahead->rest, ahead->rest_sd, Method::modelled, ""), 1);
      const Interval i = end.interval();
      const auto when = [&](const std::optional<Time>& at) {
        if (u >= l.limit) return std::string("used up");
        return !ahead ? std::string("not known") : at ? date(*at) : std::string("later");
      };
      const double nan = std::nan("");
      t.add_row({l.name, l.limit, l.unit, u, 100 * u / l.limit, ahead ? end.value() : nan, ahead ? i.low : nan,
                 ahead ? i.high : nan, ahead ? 100 * end.value() / l.limit : nan,
                 when(ahead ? ahead->reached : std::nullopt), when(ahead ? ahead->earliest : std::nullopt),
                 when(ahead ? ahead->latest : std::nullopt)});
      if (worst.empty() && u >= l.limit)
        worst = fmt::format("the budget of {} is used up: {:.4g} of {:.4g} {}", l.name, u, l.limit, l.unit);
      else if (worst.empty() && ahead && ahead->reached)
        worst = fmt::format("the budget of {} runs out on {} if it goes on so", l.name, date(*ahead->reached));
      f.categories.push_back(l.name);
      const auto x = static_cast<double>(f.categories.size() - 1);
      used.x.push_back(x);
      used.y.push_back(100 * u / l.limit);
      expected.x.push_back(x);
      expected.y.push_back(ahead ? 100 * end.value() / l.limit : nan);
      expected.low.push_back(ahead ? 100 * i.low / l.limit : nan);
      expected.high.push_back(ahead ? 100 * i.high / l.limit : nan);
    }
    f.traces = {std::move(used), std::move(expected)};
    out_.add(std::move(t));
    if (days_ >= 2) out_.add(std::move(f));
    out_.note(
        fmt::format("Used until {}, from {} {}. Expected: {}.", to_string(now_), rows_, rows_ == 1 ? "row" : "rows",
                    days_ < 2 ? "not said, since two whole days are needed for it"
                              : fmt::format("the last {} whole days go on as they were, working days and weekends "
                                            "apart where there are four of each; the interval holds both what days "
                                            "differ by and what the factors leave open",
                                            days_)));
    if (o_.money && rented_ > 0)
      out_.note(
          fmt::format("Money: without the electricity of {} of rented machines (kind rented), which their bill "
                      "contains.",
                      rented_ == 1 ? "1 row" : fmt::format("{} rows", rented_)));
    pues_.tell(out_);
    out_.verdict = worst.empty() ? Verdict{true, days_ < 2 ? "nothing is used up yet" : "every budget lasts the period"}
                                 : Verdict{false, worst};
    grids_.tell(out_);
  }

  const BudgetOptions& o_;
  Context& context_;
  const catalog::Catalog& catalog_;
  Grids grids_;
  const Time now_;
  const Span span_;
  std::vector<Limit> limits_;
  std::int64_t rows_ = 0, days_ = 0, rented_ = 0;  // rented: of the period
  OwnPues pues_;
  Result out_;
};

}  // namespace

Result budget(const BudgetOptions& options, Context& context) { return Budget(options, context).run(); }

Capability budget_capability() {
  using O = BudgetOptions;
  static const Fields<O> fields =
      Fields<O>()
          .quantity("energy", &O::energy, "kWh", "energy with the site's overhead that may be used in the period")
          .quantity("carbon", &O::carbon, "kgCO2e", "carbon that may be caused")
          .quantity("water", &O::water, "L", "water that may be used")
          .number("money", &O::money, "what the electricity may cost, in the currency of the price")
          .number("price", &O::price, "price of a kWh of electricity")
          .range(1e-6, 1e6)
          .text("currency", &O::currency, "name of the currency")
          .enumeration("per", &O::per, {"month", "quarter", "year"}, "the calendar period that the budget is of")
          .list("where", &O::where, "only rows of this model, place, device or label: project=thesis")
          .text("kind", &O::kind, "only rows of this kind, or of some: run, answer, job, training, rented (job,run)")
          .text("at", &O::at, "as seen then, instead of now: a date, a time, or so long ago")
          .group(&O::site, report_site_fields(), "Site");
  Capability c =
      capability<O>("ledger", "budget",
                    "How much of a budget is used, how the period will end, and when it runs out. Exit code 1 "
                    "when it does not last.",
                    &budget, fields);
  c.description =
      "Sums the account over the calendar month, quarter or year (UTC) that runs, and lets the last 28 whole days go "
      "on "
      "to its end. Carbon and water are derived with the catalog's factors of today, as `ledger report` does.";
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.emits = {"ledger.budget.v1"};
  c.examples = {{{"--carbon", "10", "--energy", "50 kWh"}, {}, "yes: nothing was recorded"}};
  return c;
}

}  // namespace wattline::ledger
