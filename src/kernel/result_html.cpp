// A result as one self-contained page: no script, no request to anywhere, prints well.
#include <fmt/format.h>

#include "kernel/result.h"
#include "kernel/units.h"
#include "kernel/utf8.h"

namespace wattline {
namespace {

std::string escaped(std::string_view text) { return markup_escaped(text); }

constexpr std::string_view style = R"css(
:root{color-scheme:light dark;--ink:#1c2126;--soft:#5b6670;--line:#d9dee3;--paper:#fff;--mark:#0b7a75}
@media(prefers-color-scheme:dark){:root{--ink:#e6eaee;--soft:#9aa6b1;--line:#343c44;--paper:#15191d;--mark:#4fd1c5}}
body{font:16px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:60rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.4rem}h2{font-size:1.05rem;margin-top:2rem}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
th,td{padding:.3rem .8rem;border-bottom:1px solid var(--line);text-align:left;white-space:nowrap}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.method{color:var(--soft);font-size:.85em}.warning{border-left:3px solid #c77700;padding-left:.8rem}
.verdict{font-weight:600;color:var(--mark)}.factors,caption,figcaption{color:var(--soft);font-size:.85rem;text-align:left}
figure{margin:1.5rem 0}svg{max-width:100%;height:auto}
)css";

void table_html(std::string& out, const Table& t) {
  if (!t.title.empty()) out += fmt::format("<h2>{}</h2>\n", escaped(t.title));
  out += "<table>";
  if (!t.caption.empty()) out += fmt::format("<caption>{}</caption>", escaped(t.caption));
  out += "<thead><tr>";
  const auto numeric = [](const Column& c) { return c.kind == ColumnKind::number || c.kind == ColumnKind::integer; };
  for (const auto& c : t.columns())
    out += fmt::format("<th scope=\"col\"{}>{}{}</th>", numeric(c) ? " class=\"n\"" : "", escaped(c.name),
                       c.unit.empty() ? "" : fmt::format(" [{}]", escaped(c.unit)));
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < t.rows(); ++row) {
    out += "<tr>";
    for (std::size_t column = 0; column < t.columns().size(); ++column)
      out += fmt::format("<td{}>{}</td>", numeric(t.columns()[column]) ? " class=\"n\"" : "",
                         escaped(t.cell_text(row, column)));
    out += "</tr>\n";
  }
  out += "</tbody></table>\n";
}

}  // namespace

std::string to_html(const Result& r) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<title>{}</title><style>{}</style></head>\n<body><main>\n<h1>{}</h1>\n",
      escaped(r.title), style, escaped(r.title));
  bool in_estimates = false;
  const auto close = [&] {
    if (in_estimates) out += "</tbody></table>\n";
    in_estimates = false;
  };
  for (const auto& block : r.blocks) {
    if (const auto* e = std::get_if<EstimateBlock>(&block)) {
      if (!in_estimates)
        out +=
            "<table><thead><tr><th scope=\"col\"></th><th scope=\"col\" class=\"n\">value</th>"
            "<th scope=\"col\">95 % interval</th><th scope=\"col\">method</th></tr></thead><tbody>\n";
      in_estimates = true;
      const Measure& m = e->measure;
      out += fmt::format(
          "<tr><th scope=\"row\">{}</th><td class=\"n\">{} {}</td><td>{}</td>"
          "<td class=\"method\">{}{}</td></tr>\n",
          escaped(e->label), format_number(m.value), escaped(m.unit),
          m.interval.low == m.interval.high
              ? std::string()
              : fmt::format("{} … {}", format_number(m.interval.low, 3), format_number(m.interval.high, 3)),
          to_string(m.method), e->note.empty() ? "" : ", " + escaped(e->note));
      continue;
    }
    close();
    if (const auto* t = std::get_if<Table>(&block)) {
      table_html(out, *t);
    } else if (const auto* f = std::get_if<Figure>(&block)) {
      out += fmt::format("<figure>{}<figcaption>{}</figcaption></figure>\n", to_svg(*f), escaped(f->caption));
    } else if (const auto* s = std::get_if<Series>(&block)) {
      Table samples = to_table(*s);
      samples.title = s->name;
      table_html(out, samples);
    } else {
      out += fmt::format("<p>{}</p>\n", escaped(std::get<Note>(block).text));
    }
  }
  close();
  for (const auto& s : r.warnings) out += fmt::format("<p class=\"warning\">{}</p>\n", escaped(s));
  if (r.verdict)
    out += fmt::format("<p class=\"verdict\">{}: {}</p>\n", r.verdict->holds ? "yes" : "no", escaped(r.verdict->why));
  if (!r.factors.empty()) {
    out += "<section class=\"factors\"><h2>Factors used</h2><ul>\n";
    for (const auto& f : r.factors)
      out += fmt::format("<li>{} = {}; {}{}{}</li>\n", escaped(f.description), escaped(f.value), escaped(f.source),
                         f.valid.empty() ? "" : ", " + escaped(f.valid),
                         f.licence.empty() ? "" : " (" + escaped(f.licence) + ")");
    out += "</ul></section>\n";
  }
  return out + "</main></body></html>\n";
}

}  // namespace wattline
