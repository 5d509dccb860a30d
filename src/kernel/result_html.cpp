// A result as one self-contained page: no script, no request to anywhere, prints well.
#include <algorithm>
#include <vector>

#include <fmt/format.h>

#include "kernel/page_head.h"
#include "kernel/result.h"
#include "kernel/shown.h"
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
td.method{color:var(--soft);font-size:.85em;white-space:normal}.warning{border-left:3px solid #c77700;padding-left:.8rem}
.verdict{font-weight:600;color:var(--mark)}.factors,caption,figcaption{color:var(--soft);font-size:.85rem;text-align:left}
figure{margin:1.5rem 0}svg{max-width:100%;height:auto}
td small{color:var(--soft)}
.head table{display:table}.head th,.head td{white-space:normal;vertical-align:top}.head td{overflow-wrap:anywhere}
.sign{margin-top:3rem}.sign div{display:flex;gap:1.5rem;margin-top:2.5rem}
.sign span{flex:1;border-top:1px solid var(--ink);padding-top:.2rem;color:var(--soft);font-size:.85rem}
@media print{
@page{size:A4;margin:15mm}
:root{color-scheme:light;--ink:#000;--soft:#444;--line:#bbb;--paper:#fff;--mark:#000}
body{font-size:10pt;max-width:none;margin:0;padding:0}
h1,h2{break-after:avoid}h1{font-size:15pt}h2{font-size:11pt;margin-top:1rem}
table{display:table;width:100%;overflow:visible;font-size:8pt}
thead{display:table-header-group}
tr,figure,.sign,.warning,.verdict,li{break-inside:avoid}
th,td,td.n,th.n{white-space:normal;padding:.15rem .3rem;vertical-align:top}
td,th{overflow-wrap:break-word}
.factors{font-size:8pt}svg{max-height:200mm}
}
)css";

// "carbon_intensity" may be broken after each part.
std::string column_name(std::string_view name) {
  std::string out = escaped(name);
  for (std::size_t at = 0; (at = out.find('_', at)) != std::string::npos; at += 6) out.insert(at + 1, "<wbr>");
  return out;
}

// A column as the page has it: X_low and X_high stand in the cells of X.
struct PageColumn {
  std::string name, unit;
  bool number = false;
  std::vector<std::string> cells, low, high;
};

std::vector<PageColumn> page_columns(const Table& t) {
  std::vector<PageColumn> out;
  const auto bound = [&](const Column& c, const char* suffix) {
    const Column* found = c.kind == ColumnKind::number ? t.find(c.name + suffix) : nullptr;
    return found && found->kind == ColumnKind::number && found->unit == c.unit ? found : nullptr;
  };
  const auto index_of = [&](const Column* c) { return static_cast<std::size_t>(c - t.columns().data()); };
  std::vector<const Column*> taken;
  for (const auto& c : t.columns())
    if (bound(c, "_low") && bound(c, "_high")) taken.insert(taken.end(), {bound(c, "_low"), bound(c, "_high")});
  for (const auto& c : t.columns()) {
    if (std::find(taken.begin(), taken.end(), &c) != taken.end()) continue;
    ShownColumn shown = shown_column(t, index_of(&c), t.rows());
    PageColumn column{
        c.name, shown.unit, c.kind == ColumnKind::number || c.kind == ColumnKind::integer, std::move(shown.cells),
        {},     {}};
    if (const Column* low = bound(c, "_low"), *high = bound(c, "_high"); low && high) {
      column.low = shown_column(t, index_of(low), t.rows()).cells;
      column.high = shown_column(t, index_of(high), t.rows()).cells;
    }
    out.push_back(std::move(column));
  }
  return out;
}

void table_html(std::string& out, const Table& t) {
  if (!t.title.empty()) out += fmt::format("<h2>{}</h2>\n", escaped(t.title));
  out += "<table>";
  if (!t.caption.empty()) out += fmt::format("<caption>{}</caption>", escaped(t.caption));
  out += "<thead><tr>";
  const auto columns = page_columns(t);
  for (const auto& c : columns)
    out += fmt::format("<th scope=\"col\"{}>{}{}{}</th>", c.number ? " class=\"n\"" : "", column_name(c.name),
                       c.unit.empty() ? "" : fmt::format(" [{}]", escaped(c.unit)),
                       c.low.empty() ? "" : "<br><small>95 % interval</small>");
  out += "</tr></thead>\n<tbody>\n";
  for (std::size_t row = 0; row < t.rows(); ++row) {
    out += "<tr>";
    for (const auto& c : columns) {
      out += fmt::format("<td{}>{}", c.number ? " class=\"n\"" : "", escaped(c.cells[row]));
      // What is below the least amount shown has no interval to show.
      if (!c.low.empty() && !c.low[row].empty() && !c.high[row].empty() && c.low[row] != c.high[row])
        out += fmt::format("<br><small>{} … {}</small>", escaped(c.low[row]), escaped(c.high[row]));
      out += "</td>";
    }
    out += "</tr>\n";
  }
  out += "</tbody></table>\n";
}

void head_html(std::string& out, const Table& head) {
  out += "<section class=\"head\"><table><tbody>\n";
  for (std::size_t row = 0; row < head.rows(); ++row)
    out += fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td></tr>\n", escaped(head.cell_text(row, 0)),
                       escaped(head.cell_text(row, 1)));
  out += "</tbody></table></section>\n";
}

void lines_to_sign(std::string& out) {
  out += "<section class=\"sign\"><h2>Signed</h2>\n";
  for (int line = 0; line < 2; ++line) out += "<div><span>name</span><span>role</span><span>date</span></div>\n";
  out += "</section>\n";
}

}  // namespace

std::string to_html(const Result& r) {
  std::string out = fmt::format(
      "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
      "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
      "<title>{}</title><style>{}</style></head>\n<body><main>\n<h1>{}</h1>\n",
      escaped(r.title), style, escaped(r.title));
  const Table* head = r.find_table(page_head_schema);
  if (head) head_html(out, *head);
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
      if (t != head) table_html(out, *t);
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
  if (head) lines_to_sign(out);
  return out + "</main></body></html>\n";
}

}  // namespace wattline
