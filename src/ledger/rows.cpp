#include "ledger/rows.h"

#include <algorithm>
#include <deque>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/impacts.h"
#include "ledger/run_records.h"
#include "ledger/sealed_rows.h"
#include "ledger/segment.h"

namespace wattline::ledger {
namespace {

Result empty_account(const Context& context) {
  Result out;
  out.title = "The account is empty";
  out.note(no_account_text(context));
  return out;
}

std::string counted(std::size_t n) { return fmt::format("{} {}", n, n == 1 ? "row" : "rows"); }

// What made the figure uncertain, the widest first.
Table causes_table(const RawEstimate& e) {
  Table t;
  t.title = "Uncertainty by cause";
  t.text("cause").number("sd", "J", "standard uncertainty of the energy");
  std::vector<std::pair<double, std::string>> causes;
  for (const auto& [factor, sd] : e.by_factor()) causes.emplace_back(std::abs(sd), factor);
  if (e.independent_sd() > 0) causes.emplace_back(e.independent_sd(), "of this row alone");
  std::sort(causes.begin(), causes.end(), std::greater<>());
  for (const auto& [sd, name] : causes) t.add_row({name, sd});
  return t;
}

Table record_table(const Row& row, const std::string& successor) {
  const Fact& f = row.fact;
  Table t("ledger.row.v1");
  t.title = "The record";
  t.text("field").text("value");
  const auto line = [&](const char* field, const std::string& value) {
    if (!value.empty()) t.add_row({field, value});
  };
  line("uid", f.uid);
  line("kind", f.kind);
  line("begin", to_string(f.begin, 3));
  line("end", to_string(f.end, 3));
  line("lasted", to_string(f.end - f.begin));
  line("model", f.model);
  line("device", f.device);
  line("place", f.place);
  if (f.tokens_in + f.tokens_out > 0) line("tokens", fmt::format("{} in, {} out", f.tokens_in, f.tokens_out));
  for (const auto& [name, value] : f.labels) line(("label " + name).c_str(), value);
  for (const auto& source : f.energy.raw().sources()) line("source", source);
  line("recorded", to_string(row.recorded, 3));
  line("catalog", row.factor_set);
  line("corrects", row.corrects);
  line("corrected by", successor);
  line("writer", fmt::format("{}, row {}", row.writer, row.seq));
  line("hash", row.hash);
  line("hash before", row.prev_hash);
  return t;
}

// A list shows the newest, which are in the database.
void tell_of_sealed(const Ledger& ledger, Result& out) {
  std::int64_t rows = 0;
  for (const auto& s : ledger.segments()) rows += s.last_seq - s.first_seq + 1;
  if (rows > 0)
    out.note(
        fmt::format("{} older {} sealed in files and not among these; `wattline report` counts them, "
                    "`wattline ledger export` has them.",
                    rows, rows == 1 ? "row is" : "rows are"));
}

}  // namespace

Result list(const ListOptions& o, Context& context) {
  const auto ledger = account(context);
  if (!ledger) return empty_account(context);
  std::deque<Row> kept;
  std::size_t all = 0;
  for_each_row(*ledger, o.rows, context, o.superseded, [&](const Row& row) {
    ++all;
    kept.push_back(row);
    if (kept.size() > static_cast<std::size_t>(o.last)) kept.pop_front();
  });
  Result out;
  out.title = kept.size() < all ? fmt::format("The last {} of {}", kept.size(), counted(all)) : counted(all);
  Table t("ledger.rows.v1");
  t.integer("row", "", "number in its writer's chain").time("end").text("kind").number("energy", "J", "at the device");
  t.number("energy_low", "J").number("energy_high", "J").text("method").text("model").text("place").text("labels");
  t.integer("tokens_out").integer("tokens_in").text("device").time("begin").text("uid").text("writer").text("corrects");
  for (auto row = kept.rbegin(); row != kept.rend(); ++row) {
    const Fact& f = row->fact;
    t.add_row({row->seq, f.end, f.kind, f.energy.value().base(), f.energy.low().base(), f.energy.high().base(),
               std::string(to_string(f.energy.method())), f.model, f.place, labels_text(shown(*ledger, f.labels)),
               f.tokens_out, f.tokens_in, f.device, f.begin, f.uid, row->writer, row->corrects});
  }
  out.add(std::move(t));
  tell_of_sealed(*ledger, out);
  return out;
}

Result show(const ShowOptions& o, Context& context) {
  const auto ledger = account(context);
  if (!ledger && o.uid.empty()) return empty_account(context);
  const auto row = !ledger ? std::nullopt : o.uid.empty() ? ledger->newest() : find_row(*ledger, o.uid);
  if (!row && o.uid.empty()) {
    if (ledger->segments().empty()) return empty_account(context);
    Result out;
    out.title = "Every row is sealed";
    tell_of_sealed(*ledger, out);
    return out;
  }
  if (!row) {
    if (const std::string sealed = ledger ? sealed_text(*ledger, o.uid) : ""; !sealed.empty())
      throw Error(ErrorKind::not_found, sealed, account_dir(context).string(), "`wattline ledger export` has it");
    throw Error(ErrorKind::not_found, fmt::format("the account has no row '{}'", o.uid.substr(0, 80)),
                account_dir(context).string(), "`wattline ledger list` shows the rows with their numbers");
  }
  const auto& catalog = context.get<catalog::Catalog>();
  Result out;
  const Fact& f = row->fact;
  const bool intact = row->hash == hash_of(canonical(*row));
  out.title = fmt::format("{} of {}: {}", f.kind, to_string(f.end), to_string(f.energy.value()));
  if (f.kind != "retraction") {
    Grids grids(catalog, o.place);
    const Impacts impacts = grids.of(site_of(f), f.energy);
    out.estimate("energy", "Energy", impacts.energy, {}, "at the device, as recorded");
    out.estimate("carbon", "Carbon", impacts.carbon, {}, "derived with the factors of today");
    out.estimate("water", "Water", impacts.water, {}, "on site and to make the electricity");
    if (f.tokens_out > 0)
      out.estimate("energy_per_token", "Per token out",
                   impacts.energy / Estimate<Tokens>::exact(Tokens(static_cast<double>(f.tokens_out))));
    if (f.place.empty())
      out.warn(fmt::format("the row names no place: {}",
                           o.place.place.empty() ? "the world average is taken" : "taken as " + o.place.place));
    grids.tell(out);
  }
  const std::string successor = ledger->successor(f.uid);
  out.add(record_table(*row, successor));
  if (Table causes = causes_table(f.energy.raw()); causes.rows() > 0) out.add(std::move(causes));
  if (!successor.empty()) out.warn("a later row corrects this one: it is in no sum");
  if (row->factor_set != catalog.version())
    out.warn(fmt::format("recorded under {}; impacts are derived with the catalog {}",
                         row->factor_set.empty() ? "an unnamed catalog" : "the catalog " + row->factor_set,
                         catalog.version()));
  if (!intact) out.warn("its content does not match its hash: the row was changed after it was written");
  return out;
}

Result export_rows(const ExportOptions& o, Context& context) {
  Result out;
  Table t = run_records_table();
  const auto& catalog = context.get<catalog::Catalog>();
  if (!o.place.empty()) catalog.place(o.place);
  Grids grids(catalog, {.place = o.place, .intensity = {}, .water_intensity = {}, .pue = {}, .wue = {}});
  std::size_t placeless = 0;
  const auto there = account(context);
  if (there) {
    const auto add = [&](const Row& row) {
      const Impacts i = grids.of(site_of(row.fact), row.fact.energy);
      placeless += row.fact.place.empty();
      add_run_record(t, row.fact, i.carbon, &i.water);
    };
    tell_of_unseen(for_each_sealed_row(*there, o.rows, context, add), out);
    for_each_row(*there, o.rows, context, false, add);
  } else {
    out.note(no_account_text(context));
  }
  out.title = counted(t.rows());
  t.title = "Run records";
  t.caption = "energy at the device; carbon and water with the site's overhead, derived with the factors of today";
  out.add(std::move(t));
  if (placeless && o.place.empty())
    out.warn(fmt::format("{} without a place: the world average is taken; --place names theirs", counted(placeless)));
  grids.tell(out);
  return out;
}

std::vector<Capability> row_capabilities() {
  static const Fields<ListOptions> list_fields =
      Fields<ListOptions>()
          .integer("last", &ListOptions::last, "so many rows, the newest first")
          .range(1, 100'000)
          .group(&ListOptions::rows, rows_fields(), "Which rows")
          .flag("superseded", &ListOptions::superseded, "also rows that a later row corrects, and retractions");
  Capability l = capability<ListOptions>("ledger", "list", "The newest rows of the account.", &list, list_fields);
  l.description =
      "Energies are those at the device, with their 95 % intervals. `wattline ledger show 17` tells all of row 17.";
  l.verb = Verb::account;
  l.cost = Cost::job;
  l.emits = {"ledger.rows.v1"};
  l.examples = {{{}, {}, "The account is empty"}, {{"--kind", "run", "--since", "7d"}, {}, "The account is empty"}};

  static const Fields<ShowOptions> show_fields =
      Fields<ShowOptions>()
          .text("row", &ShowOptions::uid, "number or uid of the row; none: the newest")
          .positional()
          .group(&ShowOptions::place, catalog::place_fields(), "Place, where the row names none");
  Capability s = capability<ShowOptions>(
      "ledger", "show", "All of one row: its figures, their causes, its place in the chain.", &show, show_fields);
  s.description = "Carbon and water are derived from the recorded energy with the catalog's factors of today.";
  s.verb = Verb::account;
  s.emits = {"ledger.row.v1"};
  s.examples = {{{}, {}, "The account is empty"}};

  static const Fields<ExportOptions> export_fields =
      Fields<ExportOptions>()
          .group(&ExportOptions::rows, rows_fields(), "Which rows")
          .reference("place", &ExportOptions::place, "places",
                     "place of rows that name none; none: the world average, flagged");
  Capability e = capability<ExportOptions>("ledger", "export", "The account as run records, for other tools.",
                                           &export_rows, export_fields);
  e.description =
      "One line for each row in the order of their end (sealed rows first, by their chain), with energy, carbon and "
      "water; with --csv the table "
      "run.records.v1 (docs/formats/run-records.md). Rows that a later row corrects are left out.";
  e.verb = Verb::account;
  e.cost = Cost::job;
  e.emits = {"run.records.v1"};
  e.examples = {{{"--since", "2026-11-01"}, {}, "0 rows"}};
  return {l, s, e};
}

}  // namespace wattline::ledger
