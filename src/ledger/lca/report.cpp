#include "ledger/lca/report.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/units.h"

namespace wattline::ledger::lca {
namespace {

double percent(double share) { return 100 * share; }

std::string listed(const Resolved& r, const Cycle& cycle, auto&& wanted) {
  std::string out;
  for (std::size_t c = 0; c < category_count; ++c)
    if (wanted(cycle, c)) out += (out.empty() ? "" : ", ") + r.data->categories()[c].code;
  return out;
}

std::string years_key(double years) {
  std::string text = format_number(years, 4);
  std::replace(text.begin(), text.end(), '.', '_');
  return text + "y";
}

}  // namespace

Table categories_table(const Resolved& r, const Cycle& cycle) {
  Table t("lca.categories.v1");
  t.title = "Impacts by stage";
  t.caption =
      "total, low and high are of the stages that are assessed; an empty use is not assessed, which is not zero. "
      "Categories have units of their own: they are not added up.";
  t.text("category").number("total").number("low", "", "95 %").number("high", "", "95 %").text("unit");
  t.number("manufacture").number("transport").number("use").number("end_of_life").number("use_share", "%");
  t.text("leads").text("name");
  for (std::size_t c = 0; c < category_count; ++c) {
    const auto& cat = r.data->categories()[c];
    const auto& s = cycle.stages;
    t.add_row({cat.code, cycle.total[c], cycle.low[c], cycle.high[c], cat.unit, s[made][c], s[transport][c], s[use][c],
               s[end][c], percent(cycle.share(use, c)),
               cycle.use_assessed(c) ? std::string(to_string(cycle.leader(c))) : std::string("use not assessed"),
               cat.name});
  }
  return t;
}

Table parts_table(const Resolved& r) {
  Table t("lca.parts.v1");
  t.title = "Parts of the manufacture of one card";
  t.caption = r.parametric ? "modelled from masses and areas" : "of the card taken apart";
  t.text("category").text("leads").number("manufacture", "", "of one card");
  for (std::size_t p = 0; p < made_parts; ++p)
    t.number(p == upstream ? "upstream" : std::string(to_string(Part(p))), "%", "share of the manufacture");
  t.text("unit");
  const auto& parts = r.input.parts;
  for (std::size_t c = 0; c < category_count; ++c) {
    double sum = 0;
    for (std::size_t p = 0; p < made_parts; ++p) sum += parts[p].scores[c];
    std::vector<Table::Cell> row{r.data->categories()[c].code, std::string(to_string(leading_part(parts, c))), sum};
    for (std::size_t p = 0; p < made_parts; ++p) row.emplace_back(sum > 0 ? 100 * parts[p].scores[c] / sum : NAN);
    row.emplace_back(r.data->categories()[c].unit);
    t.add_row(std::move(row));
  }
  return t;
}

Table lifetimes_table(const Resolved& r) {
  std::vector<double> lives{1, 3, 5};
  if (std::find(lives.begin(), lives.end(), r.life.years) == lives.end()) lives.push_back(r.life.years);
  std::sort(lives.begin(), lives.end());
  Table t("lca.lifetimes.v1");
  t.title = "By length of life";
  t.caption = r.whole_life ? "of the whole life, use of every year included"
                           : fmt::format("of the run; a longer life charges less of the cards to it");
  t.text("category").text("unit");
  for (const double y : lives) t.number("total_" + years_key(y), "", "of the stages that are assessed");
  for (const double y : lives) t.number("use_share_" + years_key(y), "%");
  std::vector<Cycle> cycles;
  for (const double y : lives) cycles.push_back(life_cycle(r.with_life(y)));
  for (std::size_t c = 0; c < category_count; ++c) {
    std::vector<Table::Cell> row{r.data->categories()[c].code, r.data->categories()[c].unit};
    for (const auto& cycle : cycles) row.emplace_back(cycle.total[c]);
    for (const auto& cycle : cycles) row.emplace_back(percent(cycle.share(use, c)));
    t.add_row(std::move(row));
  }
  return t;
}

Table boundaries_table(const Resolved& r, const Cycle& cycle) {
  const Value& people = r.data->value("boundary", "people");
  Table t("lca.boundaries.v1");
  t.title = "Beside the planetary boundaries";
  t.caption = fmt::format(
      "the boundary of a person is that of all, by {} thousand million people, and of one year; totals are of the "
      "assessed stages",
      format_number(people.value / 1e9));
  t.text("category").number("total").number("boundary", "", "of a person and year").text("unit");
  t.number("person_years", "", "years of one person's boundary");
  struct Row {
    std::size_t category;
    double boundary, years;
  };
  std::vector<Row> rows;
  for (std::size_t c = 0; c < category_count; ++c)
    if (const auto b = r.data->categories()[c].boundary_per_year)
      rows.push_back({c, *b / people.value, cycle.total[c] / (*b / people.value)});
  std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) { return a.years > b.years; });
  for (const auto& row : rows) {
    const auto& cat = r.data->categories()[row.category];
    t.add_row({cat.code, cycle.total[row.category], row.boundary, cat.unit, row.years});
  }
  return t;
}

Table equivalents_table(const Resolved& r, const Cycle& cycle) {
  Table t;
  t.title = "As much as";
  t.text("category").number("amount").text("of").text("source");
  for (const Value* v : r.data->values("equivalent")) {
    const std::size_t c = r.data->category(v->name);
    t.add_row({v->name, cycle.total[c] / v->value, v->description,
               fmt::format("{} {} each; {}", format_number(v->value), v->unit, r.data->use(*v).source)});
  }
  return t;
}

Figure stages_figure(const Resolved& r, const Cycle& cycle) {
  Figure f;
  f.kind = Figure::Kind::heat;
  f.title = "Share of each stage";
  f.caption = "of the stages that are assessed; where use is not, the row says nothing of it";
  f.value_unit = "%";
  for (std::size_t s = 0; s < stage_count; ++s) f.categories.emplace_back(to_string(Stage(s)));
  for (std::size_t c = 0; c < category_count; ++c) {
    f.row_labels.push_back(r.data->categories()[c].code);
    std::vector<double> row;
    for (std::size_t s = 0; s < stage_count; ++s)
      row.push_back(cycle.total[c] > 0 ? 100 * cycle.stages[s][c] / cycle.total[c] : NAN);
    f.cells.push_back(std::move(row));
  }
  return f;
}

Figure climate_figure(const Resolved& r, const Cycle& cycle) {
  Figure f;
  f.kind = Figure::Kind::sankey;
  f.title = "Climate change by stage and part";
  f.value_unit = "kg CO2 eq";
  const auto link = [&](std::string from, std::string to, double v) {
    if (v > 0) f.links.push_back({std::move(from), std::move(to), v});
  };
  for (std::size_t s = 0; s < stage_count; ++s) link("total", std::string(to_string(Stage(s))), cycle.stages[s][0]);
  for (std::size_t p = 0; p < made_parts; ++p)
    link("manufacture", std::string(to_string(Part(p))), r.input.lives * r.input.parts[p].scores[0]);
  return f;
}

std::string leaders_text(const Resolved& r, const Cycle& cycle) {
  std::size_t compared = 0, use_leads = 0;
  for (std::size_t c = 0; c < category_count; ++c) {
    if (!cycle.use_assessed(c)) continue;
    ++compared;
    use_leads += cycle.leader(c) == use;
  }
  const std::string missing = listed(r, cycle, [](const Cycle& x, std::size_t c) { return !x.use_assessed(c); });
  const std::string other =
      listed(r, cycle, [](const Cycle& x, std::size_t c) { return x.use_assessed(c) && x.leader(c) != use; });
  std::string out = fmt::format("Use leads in {} of the {} categories that can be compared", use_leads, compared);
  if (!other.empty()) out += fmt::format("; not in {}", other);
  out += ".";
  if (!missing.empty())
    out += fmt::format(" Use is not assessed in {}: no public factors of electricity for them.", missing);
  return out;
}

void add_server(Result& out, const Resolved& r, const Cycle& cycle, const ServerOptions& o) {
  if (!o.share) return;
  const Server server = server_of(o, *r.data);
  const double charged = r.input.lives * *o.share;
  Table t("lca.server.v1");
  t.title = "The server around the cards";
  t.caption = fmt::format(
      "manufacture alone, in the categories that are known; {} of it is charged: {} of a server for each of {} lives "
      "of cards. It is not in the tables above: the paper counts the cards alone.",
      format_number(charged), format_number(*o.share), format_number(r.input.lives));
  t.text("part").number("count").text("by");
  t.number("climate", "kgCO2e").number("minerals", "", "kg Sb eq").number("primary_energy", "MJ");
  const std::size_t minerals = r.data->category("ADPe");
  const auto row = [&](std::string name, double count, std::string by, const Scores& s, double times) {
    t.add_row({std::move(name), count, std::move(by), times * s[0], times * s[minerals], times * s[primary_energy]});
  };
  for (const auto& line : server.lines) row(line.part, line.count, line.unit, line.scores, 1);
  row("server", 1, "whole", server.total, 1);
  row("charged", charged, "servers", server.total, charged);
  out.add(std::move(t));
  out.note(fmt::format("With the server: {} kgCO2e instead of {}.",
                       format_number(cycle.total[0] + charged * server.total[0]), format_number(cycle.total[0])));
  for (const auto& f : server.factors) out.use(f);
  for (const auto& w : server.warnings) out.warn(w);
}

namespace {

Table errors_table(const Data& data, const LeaveOneOut& model) {
  Table t("lca.validation.cards.v1");
  t.title = "Error of each card, predicted from the other six";
  t.caption = "memory by package and type";
  t.text("category");
  for (const auto& name : model.cards) t.number(name.substr(name.find(' ') + 1), "%");
  for (std::size_t c = 0; c < category_count; ++c) {
    std::vector<Table::Cell> row{data.categories()[c].code};
    for (const auto& e : model.error) row.emplace_back(percent(e[c]));
    t.add_row(std::move(row));
  }
  return t;
}

}  // namespace

Result validation(const Data& data) {
  const LeaveOneOut model = leave_one_out(data);
  const LeaveOneOut pooled = leave_one_out(data, {MemoryRule::pooled, true});
  Result out;
  Table t("lca.validation.v1");
  t.title = "The parametric card, one card left out at a time";
  t.caption =
      "error of the manufacture: lowest and highest of the cards. pooled: all memory packages alike and the outlying "
      "circuit board of the A100 SXM in the mean. factor: how many times the model is off (root mean square), which "
      "widens the intervals of cards that are modelled.";
  t.text("category").text("name");
  t.number("low", "%").number("high", "%").number("factor", "x").number("pooled_low", "%").number("pooled_high", "%");
  t.text("verdict");
  std::string failing;
  for (std::size_t c = 0; c < category_count; ++c) {
    const double factor = std::exp(model.log_rms[c]);
    const bool fails = factor > 1.5;
    if (fails) failing += (failing.empty() ? "" : ", ") + data.categories()[c].code;
    t.add_row({data.categories()[c].code, data.categories()[c].name, percent(model.low[c]), percent(model.high[c]),
               factor, percent(pooled.low[c]), percent(pooled.high[c]), std::string(fails ? "fails" : "usable")});
  }
  out.title =
      fmt::format("Climate {:+.0f} to {:+.0f} %; fails for {}", percent(model.low[0]), percent(model.high[0]), failing);
  out.add(std::move(t));
  out.add(errors_table(data, model));
  out.note(
      "The categories that fail do so by the metal of the heatsink, copper or aluminium, which masses do not tell.");
  for (const Card* card : data.taken_apart()) out.use(data.use(*card));
  out.use(data.use(data.value("chip", "defect_density")));
  return out;
}

}  // namespace wattline::ledger::lca
