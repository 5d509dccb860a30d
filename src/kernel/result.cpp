#include "kernel/result.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/page_head.h"
#include "kernel/result_text.h"
#include "kernel/units.h"
#include "kernel/utf8.h"

namespace wattline {

void Result::use(FactorUse factor) {
  const bool known = std::any_of(factors.begin(), factors.end(), [&](const FactorUse& f) { return f.id == factor.id; });
  if (!known) factors.push_back(std::move(factor));
}

const EstimateBlock* Result::find_estimate(std::string_view name) const {
  for (const auto& b : blocks)
    if (const auto* e = std::get_if<EstimateBlock>(&b); e && e->name == name) return e;
  return nullptr;
}

const Table* Result::find_table(std::string_view schema_or_title) const {
  for (const auto& b : blocks)
    if (const auto* t = std::get_if<Table>(&b); t && (t->schema() == schema_or_title || t->title == schema_or_title))
      return t;
  return nullptr;
}

namespace {

void write_estimate(JsonWriter& w, const EstimateBlock& e) {
  w.begin_object().member("type", "estimate").member("name", e.name).member("label", e.label);
  w.member("value", e.measure.value).member("low", e.measure.interval.low);
  w.member("high", e.measure.interval.high).member("unit", e.measure.unit);
  w.member("method", to_string(e.measure.method));
  w.key("sources").begin_array();
  for (const auto& s : e.measure.sources) w.value(s);
  w.end_array();
  if (!e.note.empty()) w.member("note", e.note);
  w.end_object();
}

std::string padded(std::string s, std::size_t width, bool right = false) {
  const std::size_t have = text_width(s);
  if (have >= width) return s;
  const std::string fill(width - have, ' ');
  return right ? fill + s : s + fill;
}

// Consecutive estimates as one aligned block: label, value, interval, method.
void estimates_text(std::string& out, const std::vector<const EstimateBlock*>& group, bool unicode) {
  std::size_t label_width = 0, value_width = 0, range_width = 0;
  struct Row {
    std::string label, value, range, method, note;
  };
  std::vector<Row> rows;
  for (const auto* e : group) {
    const Measure& m = e->measure;
    Row r;
    r.label = e->label;
    r.value = format_number(m.value) + (m.unit.empty() ? "" : " " + m.unit);
    if (m.interval.low != m.interval.high)
      r.range = fmt::format("{} {} {}", format_number(m.interval.low, 3), unicode ? "…" : "..",
                            format_number(m.interval.high, 3));
    r.method = to_string(m.method);
    r.note = e->note;
    label_width = std::max(label_width, text_width(r.label));
    value_width = std::max(value_width, text_width(r.value));
    range_width = std::max(range_width, text_width(r.range));
    rows.push_back(std::move(r));
  }
  for (auto& r : rows) {
    out += "  " + padded(r.label, label_width) + "  " + padded(r.value, value_width, true);
    if (range_width > 0) out += "  " + padded(r.range.empty() ? "" : "[" + r.range + "]", range_width + 2);
    out += "  " + r.method;
    if (!r.note.empty()) out += "  " + r.note;
    while (out.ends_with(' ')) out.pop_back();
    out += '\n';
  }
}

std::string wrapped(std::string_view text, int width, std::string_view indent) {
  std::string out(indent);
  std::size_t column = indent.size();
  bool first = true;
  for (std::size_t i = 0; i < text.size();) {
    if (text[i] == '\n') {
      out += '\n';
      out += indent;
      column = indent.size();
      first = true;
      ++i;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(" \n", i), text.size());
    const std::string_view word = text.substr(i, end - i);
    const std::size_t length = text_width(word);
    if (!first && column + 1 + length > static_cast<std::size_t>(width)) {
      out += '\n';
      out += indent;
      column = indent.size();
      first = true;
    }
    if (!first) {
      out += ' ';
      ++column;
    }
    out += word;
    column += length;
    first = false;
    i = end < text.size() && text[end] == ' ' ? end + 1 : end;
  }
  return out;
}

}  // namespace

std::string to_json(const Result& r, int indent) {
  JsonWriter w(indent);
  w.begin_object().member("title", r.title).key("blocks").begin_array();
  for (const auto& block : r.blocks) {
    if (const auto* e = std::get_if<EstimateBlock>(&block)) {
      write_estimate(w, *e);
    } else if (const auto* t = std::get_if<Table>(&block)) {
      w.begin_object().member("type", "table").key("table");
      write_json(w, *t);
      w.end_object();
    } else if (const auto* s = std::get_if<Series>(&block)) {
      w.begin_object().member("type", "series").key("series");
      write_json(w, *s);
      w.end_object();
    } else if (const auto* f = std::get_if<Figure>(&block)) {
      w.begin_object().member("type", "figure").key("figure");
      write_json(w, *f);
      w.end_object();
    } else {
      w.begin_object().member("type", "note").member("text", std::get<Note>(block).text).end_object();
    }
  }
  w.end_array().key("factors").begin_array();
  for (const auto& f : r.factors) {
    w.begin_object().member("id", f.id).member("description", f.description).member("value", f.value);
    w.member("source", f.source).member("valid", f.valid).member("licence", f.licence).end_object();
  }
  w.end_array().key("warnings").begin_array();
  for (const auto& s : r.warnings) w.value(s);
  w.end_array();
  if (r.verdict) {
    w.key("verdict").begin_object().member("holds", r.verdict->holds);
    w.member("why", r.verdict->why).end_object();
  }
  w.end_object();
  return w.take();
}

std::string terminal_text(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size();) {
    const auto byte = static_cast<unsigned char>(text[i]);
    const std::size_t length = utf8_length(text, i);
    // C1 controls begin with C2 in UTF-8: some terminals obey them.
    const bool c1 = length == 2 && byte == 0xC2 && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (length == 0 || (byte < 0x20 && byte != '\n') || byte == 0x7F) out += fmt::format("\\x{:02x}", byte);
    else if (c1) out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[i + 1]));
    else out += text.substr(i, length);
    i += std::max<std::size_t>(length, 1);
  }
  return out;
}

std::string to_text(const Result& r, int width, bool unicode) { return to_text(r, TextForm{width, unicode, true}); }

std::string to_text(const Result& r, const TextForm& form) {
  const int width = form.width;
  const bool unicode = form.unicode;
  std::string out;
  if (!r.title.empty()) out += r.title + "\n\n";
  std::vector<const EstimateBlock*> group;
  const auto flush = [&] {
    if (group.empty()) return;
    estimates_text(out, group, unicode);
    out += '\n';
    group.clear();
  };
  for (const auto& block : r.blocks) {
    if (const auto* e = std::get_if<EstimateBlock>(&block)) {
      group.push_back(e);
      continue;
    }
    flush();
    if (const auto* t = std::get_if<Table>(&block)) out += to_text(*t, width, 60, unicode) + "\n";
    else if (const auto* f = std::get_if<Figure>(&block)) out += to_text(*f, std::min(width, 90), 14, unicode) + "\n";
    else if (const auto* s = std::get_if<Series>(&block)) {
      Figure drawn;
      drawn.title = s->name;
      drawn.x.time = true;
      drawn.y.unit = s->unit;
      Figure::Trace trace{s->name, {}, s->values, {}, {}};
      for (Time at : s->times) trace.x.push_back(static_cast<double>(at.ns) * 1e-9);
      drawn.traces.push_back(std::move(trace));
      out += to_text(drawn, std::min(width, 90), 14, unicode) + "\n";
    } else {
      out += wrapped(std::get<Note>(block).text, width, "  ") + "\n\n";
    }
  }
  flush();
  for (const auto& s : r.warnings) {
    std::string text = wrapped(s, width, "           ");
    text.replace(0, 11, "  warning: ");
    out += text + "\n";
  }
  if (!r.warnings.empty()) out += '\n';
  if (!r.factors.empty() && !form.factors) {
    out += fmt::format("  {} factor{} used: --details lists them, --json and --html say where each comes from\n\n",
                       r.factors.size(), r.factors.size() == 1 ? "" : "s");
  } else if (!r.factors.empty()) {
    out += "  Factors used; --json and --html say where each comes from\n";
    for (const auto& f : r.factors) {
      std::string value = f.value;
      if (!f.valid.empty()) value += (value.empty() ? "" : ", ") + f.valid;
      const std::string line = value.empty() ? f.description : f.description + " = " + value;
      std::string text = wrapped(line, width, "      ");
      text.erase(0, 2);
      out += text + "\n";
    }
    out += '\n';
  }
  if (r.verdict) out += fmt::format("{}: {}\n", r.verdict->holds ? "yes" : "no", r.verdict->why);
  while (out.ends_with("\n\n")) out.pop_back();
  return terminal_text(out);
}

std::string to_csv(const Result& r) {
  for (const auto& block : r.blocks)
    if (const auto* t = std::get_if<Table>(&block); t && t->schema() != page_head_schema) return to_csv(*t);
  Table t("estimates.v1");
  t.text("name").text("label").number("value").number("low").number("high").text("unit").text("method");
  for (const auto& block : r.blocks)
    if (const auto* e = std::get_if<EstimateBlock>(&block))
      t.add_row({e->name, e->label, e->measure.value, e->measure.interval.low, e->measure.interval.high,
                 e->measure.unit, std::string(to_string(e->measure.method))});
  return to_csv(t);
}

}  // namespace wattline
