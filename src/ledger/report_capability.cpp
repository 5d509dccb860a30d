#include "ledger/report.h"

namespace wattline::ledger {

const Fields<ReportSiteOptions>& report_site_fields() {
  using S = ReportSiteOptions;
  static const Fields<S> site =
      Fields<S>()
          .reference("place", &S::place, "places", "place of rows that name none; none: the world average, flagged")
          .number("pue", &S::pue,
                  "power usage effectiveness of rows without their own (label pue), instead of the places'")
          .range(1, 10)
          .quantity("wue", &S::wue, "L/kWh", "water used on site per energy of the machines, instead of the places'")
          .at_least(0);
  return site;
}

Capability report_capability() {
  using O = ReportOptions;
  static const Fields<O> fields =
      Fields<O>()
          .file(
              "agents", &O::agents,
              "first take in what the agents of this list have counted (docs/formats/agents.md): rows of kind machine")
          .group(&O::rows, rows_fields(), "Which rows")
          .list("by", &O::by,
                "tables by kind, model, device, place, method, writer, day, month, label "
                "(all of a row's) or the name of one label")
          .text("organisation", &O::organisation, "whose footprint it is: the name in title and head")
          .text("against", &O::against,
                "also what changed since another period: previous (as long, just before), "
                "or FROM..UNTIL")
          .number("price", &O::price, "price of a kWh: the cost is told too, but for rented machines")
          .range(1e-6, 1e6)
          .text("currency", &O::currency, "of the price")
          .flag("hourly", &O::hourly,
                "carbon with the intensity of the hours, where a series covers them "
                "(catalog intensity)")
          .enumeration("fetch", &O::fetch, {"no", "electricity-maps", "watttime"},
                       "ask this provider for hours that no series covers, as catalog "
                       "intensity-fetch does; carbon is by the hour then")
          .flag("no-fallback", &O::no_fallback, "no report where hours are missing, instead of the yearly figure there")
          .group(&O::market, market_fields(), "Market-based carbon (scope 2)")
          .group(&O::site, report_site_fields(), "Site")
          .group(&O::primary, primary_fields(), "Primary energy");
  Capability c = capability<ReportOptions>(
      "ledger", "report", "What was spent: energy, carbon and water by model, place, day or label.", &report, fields);
  c.description =
      "Sums the facts of the account and derives carbon and water with the catalog's factors of today: carbon = energy "
      "* PUE * "
      "carbon intensity of the place; water = energy * (on-site water + PUE * water of the electricity); primary "
      "energy = energy * PUE * that of the place's generation mix, by a named convention. The "
      "uncertainty of a "
      "factor that rows share stays shared: many rows on one factor do not become falsely certain. Rows that a later "
      "row "
      "corrects are not counted. Each row belongs to the moment its fact ended. With --hourly or --fetch carbon is "
      "taken by the hour: from the stored series, then from the provider where one is to be asked, and else from the "
      "yearly figure, with the reason and the share of the energy; --no-fallback refuses the last. With --agents the "
      "counters of other machines' `wattline agent` come into the account first: of each "
      "the joules that no row holds yet, so that it may be done as often as one likes; one that does not answer is "
      "named and its joules come with the next report. The report names "
      "the "
      "asked period, the account and the heads of its chains; the page of --html ends with lines to sign.";
  c.verb = Verb::account;
  c.cost = Cost::job;
  c.aliases = {"report"};
  c.emits = {"ledger.groups.v1",        "ledger.comparison.v1", "ledger.methods.v1",
             "ledger.equivalences.v2",  "ledger.hourly.v1",     "ledger.scope2.v1",
             "ledger.fetched_hours.v1", "ledger.primary.v1",    "page.head.v1"};
  c.examples = {{{}, {}, "The account is empty"},
                {{"--since", "2026-11-01", "--by", "model,place", "--place", "FR"}, {}, "The account is empty"},
                {{"--hourly", "--market", "12g/kWh:FR"}, {}, "The account is empty"}};
  return c;
}

}  // namespace wattline::ledger
