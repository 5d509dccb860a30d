#include "ledger/disclose/badge.h"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "kernel/utf8.h"
#include "kernel/write_whole.h"
#include "ledger/disclose/disclose.h"
#include "ledger/disclose/manifest.h"
#include "ledger/disclose/rules.h"
#include "ledger/disclose/sci.h"
#include "ledger/row.h"

namespace wattline::ledger::disclose {
namespace {

const char* colour(BadgeTone tone) {
  switch (tone) {
    case BadgeTone::good: return "#2e7d32";
    case BadgeTone::open: return "#616161";
    case BadgeTone::bad: return "#b3261e";
  }
  return "";
}

}  // namespace

std::string to_svg(const Badge& b) {
  // Letters of 11 px are 6.6 wide at the most on average; a little room is better than text over the edge.
  const auto width = [](const std::string& s) { return 7 * static_cast<int>(text_width(s)) + 14; };
  const int left = width(b.label), right = width(b.value), all = left + right;
  const auto text = [](int x, const std::string& s) {
    return fmt::format("<text x=\"{}\" y=\"14\">{}</text>", x, markup_escaped(s));
  };
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"20\" viewBox=\"0 0 {0} 20\" role=\"img\" "
      "aria-label=\"{1}: {2}\">\n<title>{1}: {2}</title>\n<desc>{3}</desc>\n"
      "<rect width=\"{0}\" height=\"20\" rx=\"3\" fill=\"#424242\"/>\n"
      "<path d=\"M{4} 0H{5}a3 3 0 0 1 3 3v14a3 3 0 0 1 -3 3H{4}z\" fill=\"{6}\"/>\n"
      "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" font-size=\"11\" "
      "text-anchor=\"middle\">{7}{8}</g>\n"
      "</svg>\n",
      all, markup_escaped(b.label), markup_escaped(b.value), markup_escaped(b.description), left, all - 3,
      colour(b.tone), text(left / 2, b.label), text(left + right / 2, b.value));
}

Badge badge_of(std::string_view text, const std::string& name, const catalog::Catalog& catalog) {
  const Manifest m = read_manifest(text, name);
  const auto items = schema(catalog);
  const auto rules = check_rules(m.items, items, catalog);
  const bool bad = contradicted(rules);
  const Score s = score(examine(m.items, items), Level::core, bad);
  // The figure rests on energy (R1) and carbon (R4): what could not be recomputed is not verified either.
  std::string why;
  for (const auto& r : rules) {
    const bool needed = r.id == "R1" || r.id == "R4";
    if (r.verdict == RuleVerdict::contradicted || (needed && r.verdict != RuleVerdict::holds))
      why += fmt::format("{}{} {}", why.empty() ? "" : ", ", r.id, to_string(r.verdict));
  }
  const auto kilos = recomputed_carbon(m.items, items);
  Badge b;
  b.label = "training carbon";
  if (!why.empty() || !kilos) {
    b.value = "not verified";
    b.tone = bad ? BadgeTone::bad : BadgeTone::open;
    b.description = fmt::format("{}. ", why.empty() ? "no energy and intensity to recompute from" : why);
  } else {
    b.value = fmt::format("{}, grade {}", to_string(Carbon(*kilos * 1000), 3), s.grade);
    b.tone = s.grade == 'A' || s.grade == 'B' ? BadgeTone::good : BadgeTone::open;
    b.description = "Energy and carbon agree with devices, hours, power, PUE and intensity. ";
  }
  b.description += fmt::format(
      "Disclosure schema {}, grade {} of core items, catalog {}; SHA-256 of the disclosure {}. Certifies nothing.",
      schema_version, s.grade, catalog.version(), hash_of(text));
  return b;
}

Result disclose_badge(const BadgeOptions& o, Context& context) {
  const Badge b = badge_of(o.file.read(), o.file.name(), context.get<catalog::Catalog>());
  Result out;
  out.title = fmt::format("Badge: {}: {}", b.label, b.value);
  out.note(b.description);
  if (o.write.empty()) {
    out.note("--write FILE.svg writes it.");
    return out;
  }
  if (!o.write.ends_with(".svg"))
    throw bad_input(fmt::format("'{}' is no name of an SVG", shown_text(o.write)), "write", "end it in .svg");
  write_whole(o.write, to_svg(b));
  out.note(fmt::format("Written to {}.", o.write));
  return out;
}

Capability badge_capability() {
  static const auto fields = Fields<BadgeOptions>()
                                 .file("file", &BadgeOptions::file, "manifest, card or BoAmps report")
                                 .required()
                                 .positional()
                                 .text("write", &BadgeOptions::write, "file to write, .svg");
  Capability c = capability<BadgeOptions>("ledger", "disclose-badge",
                                          "A badge (SVG) whose carbon is recomputed from the disclosure.",
                                          &disclose_badge, fields);
  c.description =
      "The carbon of the run, recomputed from energy, PUE and intensity as in rule R4, with the grade of the core "
      "items. "
      "It says \"not verified\" when R1 or R4 could not be recomputed or any rule is contradicted. The picture is one "
      "small file without script, link or font; inside it stand the rules that failed and the SHA-256 of the "
      "disclosure "
      "that it was made from, so that a badge beside another version can be told. It certifies nothing.";
  c.verb = Verb::account;
  c.doors = Doors::command_line;
  c.papers = {20, 28, 34};
  std::string wrong = sample_disclosure();
  wrong.replace(wrong.find("emissions: 0.72"), 15, "emissions: 0.07");
  c.examples = {{{"rail.yaml"}, {{"rail.yaml", sample_disclosure()}}, "720 gCO2e, grade A"},
                {{"wrong.yaml"}, {{"wrong.yaml", wrong}}, "not verified"}};
  return c;
}

}  // namespace wattline::ledger::disclose
