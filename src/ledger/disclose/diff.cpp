#include "ledger/disclose/diff.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "ledger/disclose/disclose.h"
#include "ledger/disclose/manifest.h"

namespace wattline::ledger::disclose {
namespace {

bool tells(const Finding& f) { return f.standing == Standing::pass || f.standing == Standing::not_applicable; }

std::string shown(const Finding& f) {
  return f.standing == Standing::pass ? f.value
         : f.value.empty()            ? std::string(to_string(f.standing))
                                      : fmt::format("{} ({})", to_string(f.standing), f.value);
}

Table changes_table(const char* schema, const char* title, const char* first, const std::vector<Change>& changes) {
  Table t(schema);
  t.title = title;
  t.text(first).text("level").text("before").text("after").number("change", "%").text("worse");
  for (const auto& c : changes)
    t.add_row({c.what, c.level, c.before, c.after, c.percent ? Table::Cell(*c.percent) : Table::Cell(),
               std::string(c.worse ? "yes" : "")});
  return t;
}

}  // namespace

std::vector<Change> changed_items(const Json& before, const Json& after, const std::vector<Item>& items) {
  const auto old_ones = examine(before, items), new_ones = examine(after, items);
  std::vector<Change> out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const Finding &a = old_ones[i], &b = new_ones[i];
    const bool numeric = items[i].type == "number" || items[i].type == "integer" || items[i].type == "quantity";
    const double x = numeric ? number_at(before, items[i]).value_or(NAN) : NAN,
                 y = numeric ? number_at(after, items[i]).value_or(NAN) : NAN;
    const bool same_number = std::abs(x - y) <= 1e-9 * std::max(std::abs(x), std::abs(y));
    // Compared as they are written, not as they are shown: what is shown is cut.
    const Json *v = at_path(before, items[i].path), *w = at_path(after, items[i].path);
    const bool same_value = (!v && !w) || (v && w && v->dump() == w->dump());
    if (a.standing == b.standing && (same_number || same_value)) continue;
    Change c{items[i].path, std::string(to_string(items[i].level)), shown(a), shown(b), {}, tells(a) && !tells(b)};
    if (const double change = 100 * (y / x - 1); std::isfinite(change)) c.percent = change;
    out.push_back(std::move(c));
  }
  return out;
}

std::vector<Change> changed_rules(const std::vector<RuleResult>& before, const std::vector<RuleResult>& after) {
  std::vector<Change> out;
  for (const auto& b : after) {
    const auto a = std::find_if(before.begin(), before.end(), [&](const auto& r) { return r.id == b.id; });
    if (a == before.end() || a->verdict == b.verdict) continue;
    out.push_back({fmt::format("{} {}", b.id, b.what),
                   "",
                   std::string(to_string(a->verdict)),
                   std::string(to_string(b.verdict)),
                   {},
                   b.verdict == RuleVerdict::contradicted});
  }
  return out;
}

Result disclose_diff(const DiffOptions& o, Context& context) {
  const auto& catalog = context.get<catalog::Catalog>();
  const auto items = schema(catalog);
  const Manifest before = read_manifest(o.before.read(), o.before.name()),
                 after = read_manifest(o.after.read(), o.after.name());
  const auto old_rules = check_rules(before.items, items, catalog),
             new_rules = check_rules(after.items, items, catalog);
  const auto changes = changed_items(before.items, after.items, items);
  const auto rules = changed_rules(old_rules, new_rules);
  const Score was = score(examine(before.items, items), Level::full, contradicted(old_rules)),
              is = score(examine(after.items, items), Level::full, contradicted(new_rules));
  Result out;
  out.title = fmt::format("{} against {}: {} items changed, {} rules", o.after.name(), o.before.name(), changes.size(),
                          rules.size());
  Table scores("disclosure.scores_diff.v1");
  scores.title = "Completeness";
  scores.text("level").number("before", "%").number("after", "%");
  scores.add_row({"core", 100 * was.core, 100 * is.core});
  scores.add_row({"recommended", 100 * was.recommended, 100 * is.recommended});
  scores.add_row({"full", 100 * was.full, 100 * is.full});
  out.add(std::move(scores));
  if (!changes.empty()) out.add(changes_table("disclosure.items_diff.v1", "Items", "item", changes));
  if (!rules.empty()) out.add(changes_table("disclosure.rules_diff.v1", "Rules", "rule", rules));
  for (const auto* m : {&before, &after})
    for (const auto& n : m->notes) out.warn(n);
  const auto lost = std::count_if(changes.begin(), changes.end(), [](const Change& c) { return c.worse; });
  const auto broken = std::count_if(rules.begin(), rules.end(), [](const Change& c) { return c.worse; });
  const bool fine = lost == 0 && broken == 0;
  const auto counted = [](auto n, const char* one, const char* many) {
    return fmt::format("{} {}", n, n == 1 ? one : many);
  };
  out.verdict = Verdict{fine, fine ? "nothing is told less than before, no new contradiction"
                                   : counted(lost, "item", "items") + " told less than before, " +
                                         counted(broken, "new contradiction", "new contradictions")};
  return out;
}

Capability diff_capability() {
  static const auto fields = Fields<DiffOptions>()
                                 .file("before", &DiffOptions::before, "the older disclosure")
                                 .required()
                                 .positional()
                                 .file("after", &DiffOptions::after, "the newer one")
                                 .required()
                                 .positional();
  Capability c = capability<DiffOptions>("ledger", "disclose-diff",
                                         "What changed between two disclosures, and whether the newer one tells less.",
                                         &disclose_diff, fields);
  c.description =
      "Compares two manifests, cards or BoAmps reports by the items of the schema, whatever form or unit each is "
      "written "
      "in, and by the verdicts of the rules that recompute their figures. The answer is no when an item that was told "
      "is "
      "missing or malformed now, or a rule is newly contradicted: the exit code then stops a pipeline.";
  c.verb = Verb::decide;
  c.papers = {20, 28, 34};
  c.emits = {"disclosure.scores_diff.v1", "disclosure.items_diff.v1", "disclosure.rules_diff.v1"};
  std::string newer = sample_disclosure();
  newer.replace(newer.find("value: 12 kWh"), 13, "value: 11500 Wh");
  newer.replace(newer.find("emissions: 0.72"), 15, "emissions: 0.69");
  c.examples = {{{"rail-1.yaml", "rail-2.yaml"},
                 {{"rail-1.yaml", sample_disclosure()}, {"rail-2.yaml", newer}},
                 "2 items changed"}};
  return c;
}

}  // namespace wattline::ledger::disclose
