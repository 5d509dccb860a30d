#include <set>

#include <fmt/format.h>

#include "catalog/listing.h"
#include "kernel/error.h"

namespace wattline::catalog {
namespace {

struct FactorsOptions {
  std::string id, group, match;
};

Result explain(const Factor& f) {
  Result out;
  out.title = f.id;
  Explained e;
  e.figure(f.description, f.value, f.unit, f.interval);
  e.about("group", f.group).about("method", std::string(to_string(f.method))).origin(f.origin).about("note", f.note);
  std::move(e).add_to(out);
  out.use(f.use());
  return out;
}

Result factors(const FactorsOptions& o, Context& context) {
  const auto& catalog = context.get<Catalog>();
  if (!o.id.empty()) return explain(catalog.factor(o.id));
  std::set<std::string> groups;
  for (const auto& f : catalog.factors()) groups.insert(f.group);
  if (!o.group.empty() && !groups.contains(o.group))
    throw unknown_name("group", o.group, std::vector<std::string>(groups.begin(), groups.end()),
                       "wattline catalog factors");
  Result out;
  Table t("catalog.factors.v1");
  t.text("id").number("value").number("low", {}, "95 %").number("high").text("unit").text("description");
  for (const auto& f : catalog.factors())
    if ((o.group.empty() || f.group == o.group) && matches(o.match, f.id, {f.description}))
      t.add_row({f.id, f.value, f.interval.low, f.interval.high, f.unit, f.description});
  if (t.rows() == 0) nothing_left("factor", o.match);
  out.title = fmt::format("{} factors", t.rows());
  t.caption = "name one to see its method, source and licence";
  out.add(std::move(t));
  return out;
}

}  // namespace

Capability factors_capability() {
  static const auto fields =
      Fields<FactorsOptions>()
          .text("id", &FactorsOptions::id, "this one only, explained whole")
          .positional()
          .text("group", &FactorsOptions::group, "only of this group: pue, wue, physics ...")
          .text("match", &FactorsOptions::match, "only those with this in their id or description");
  Capability c = capability<FactorsOptions>("catalog", "factors", "Numbers that results rest on, or one of them.",
                                            &factors, fields);
  c.description =
      "Everything that is neither a device, a model nor a place: overheads of sites, power of memory, shares of peak "
      "rates "
      "that real work reaches. No formula of Wattline holds such a number itself. Where nobody published one the "
      "source "
      "says that it is our own judgement, and its method is modelled.";
  c.emits = {"catalog.factors.v1"};
  c.examples = {{{"pue.default"}, {}, "1.56"}, {{"--group", "wue"}, {}, "wue.default"}};
  return c;
}

}  // namespace wattline::catalog
