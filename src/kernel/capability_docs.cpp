// Help text, reference page and JSON schema, all derived from the same declaration.
#include <algorithm>

#include <fmt/format.h>

#include "kernel/capability.h"
#include "kernel/units.h"

namespace wattline {
namespace {

std::string value_hint(const Field& f) {
  switch (f.kind) {
    case FieldKind::quantity: return f.unit.empty() ? "N" : fmt::format("N {}", f.unit);
    case FieldKind::integer:
    case FieldKind::number: return "N";
    case FieldKind::flag: return "";
    case FieldKind::enumeration: return fmt::format("{}", fmt::join(f.choices, "|"));
    case FieldKind::text: return "TEXT";
    case FieldKind::file: return "FILE";
    case FieldKind::reference: return "NAME";
    case FieldKind::list: return f.rest ? "WORD..." : "TEXT (may be repeated)";
  }
  return "";
}

std::string in_field_unit(const Field& f, double base) {
  const double scale = f.kind == FieldKind::quantity ? unit_scale(f.unit) : 1;
  return format_number(base / scale, 9);
}

std::string range_text(const Field& f) {
  if (f.minimum && f.maximum)
    return fmt::format("{} to {}", in_field_unit(f, *f.minimum), in_field_unit(f, *f.maximum));
  if (f.minimum) return "at least " + in_field_unit(f, *f.minimum);
  if (f.maximum) return "at most " + in_field_unit(f, *f.maximum);
  return {};
}

// Breaks text into lines of at most `width`, each after the first indented.
std::string wrapped(std::string_view text, int indent, int width) {
  std::string out;
  int column = indent;
  std::size_t i = 0;
  bool line_start = true;
  while (i < text.size()) {
    if (text[i] == '\n') {
      out += '\n';
      out.append(static_cast<std::size_t>(indent), ' ');
      column = indent;
      line_start = true;
      ++i;
      continue;
    }
    if (text[i] == ' ') {
      ++i;
      continue;
    }
    const std::size_t end = std::min(text.find_first_of(" \n", i), text.size());
    const int length = static_cast<int>(end - i);
    if (!line_start && column + 1 + length > width) {
      out += '\n';
      out.append(static_cast<std::size_t>(indent), ' ');
      column = indent;
      line_start = true;
    }
    if (!line_start) {
      out += ' ';
      ++column;
    }
    out += text.substr(i, static_cast<std::size_t>(length));
    column += length;
    line_start = false;
    i = end;
  }
  return out;
}

std::string field_notes(const Field& f, const void* defaults) {
  std::string notes;
  const auto add = [&](const std::string& s) { notes += notes.empty() ? s : "; " + s; };
  if (f.required) add("required");
  if (const std::string range = range_text(f); !range.empty()) add(range);
  if (const std::string d = field_default_text(f, defaults); !d.empty() && !f.required) add("default " + d);
  if (!f.catalog.empty()) add(fmt::format("names: wattline catalog {}", f.catalog));
  return notes.empty() ? "" : " [" + notes + "]";
}

std::string usage(const Capability& c) {
  std::string out =
      c.aliases.empty() ? fmt::format("wattline {} {}", c.room, c.name) : fmt::format("wattline {}", c.aliases.front());
  std::string tail;
  for (const auto& f : c.fields) {
    if (f.rest) tail += fmt::format(" -- {}", value_hint(f));
    else if (f.positional) tail += f.required ? fmt::format(" <{}>", f.name) : fmt::format(" [{}]", f.name);
  }
  return out + " [options]" + tail;
}

std::string quoted(const std::string& word) {
  if (!word.empty() && word.find_first_of(" \t\"'$&|;<>()*?[]{}\\~#") == std::string::npos) return word;
  std::string out = "'";
  for (char c : word) out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

std::string example_line(const Capability& c, const Example& e) {
  std::string out =
      c.aliases.empty() ? fmt::format("wattline {} {}", c.room, c.name) : fmt::format("wattline {}", c.aliases.front());
  for (const auto& word : e.arguments) out += " " + quoted(word);
  return out;
}

}  // namespace

std::string_view to_string(Verb verb) {
  switch (verb) {
    case Verb::observe: return "observe";
    case Verb::predict: return "predict";
    case Verb::decide: return "decide";
    case Verb::account: return "account";
  }
  return "observe";
}

std::string help_text(const Capability& c, int width) {
  const auto defaults = c.make_options();
  std::string out = fmt::format("{}\n\nusage: {}\n", c.summary, usage(c));
  if (!c.description.empty()) out += "\n" + wrapped(c.description, 0, width) + "\n";
  std::size_t column = 0;
  const auto left = [](const Field& f) {
    const std::string hint = value_hint(f);
    return fmt::format("  --{}{}{}", f.name, hint.empty() ? "" : " ", hint);
  };
  for (const auto& f : c.fields) column = std::max(column, left(f).size());
  column = std::min<std::size_t>(column + 2, 34);
  std::string group = "\x01";
  for (const auto& f : c.fields) {
    if (f.group != group) {
      group = f.group;
      out += fmt::format("\n{}:\n", group.empty() ? "options" : group);
    }
    std::string line = left(f);
    if (line.size() + 2 > column) line += "\n" + std::string(column, ' ');
    else line.resize(column, ' ');
    out += line + wrapped(f.help + field_notes(f, defaults.get()), static_cast<int>(column), width) + "\n";
  }
  out += fmt::format("\noutput:\n  --json, --csv, --html FILE, --quiet; `wattline --help` explains them\n");
  if (!c.consumes.empty()) out += fmt::format("\nreads tables: {}\n", fmt::join(c.consumes, ", "));
  if (!c.emits.empty()) out += fmt::format("writes tables: {}\n", fmt::join(c.emits, ", "));
  if (!c.examples.empty()) out += "\nexamples:\n";
  for (const auto& e : c.examples) out += "  " + example_line(c, e) + "\n";
  if (!c.papers.empty())
    out += fmt::format("\npapers: {} (`wattline papers` has the claims and our figures)\n", fmt::join(c.papers, ", "));
  return out;
}

std::string docs_markdown(const Capability& c) {
  const auto defaults = c.make_options();
  std::string out = fmt::format("# {} {}\n\n{}\n\n", c.room, c.name, c.summary);
  if (!c.description.empty()) out += c.description + "\n\n";
  out += fmt::format("```\n{}\n```\n\n", usage(c));
  if (!c.fields.empty()) {
    out += "| option | value | meaning |\n|---|---|---|\n";
    for (const auto& f : c.fields) {
      std::string hint = value_hint(f);
      std::string help = f.help + field_notes(f, defaults.get());
      for (auto* s : {&hint, &help})
        for (std::size_t at = 0; (at = s->find('|', at)) != std::string::npos; at += 2) s->insert(at, "\\");
      out += fmt::format("| `--{}` | {} | {} |\n", f.name, hint, help);
    }
    out += "\n";
  }
  for (const auto& e : c.examples) {
    out += "```sh\n";
    for (const auto& [name, content] : e.files)
      out += fmt::format("cat > {} <<'END'\n{}{}END\n", name, content, content.ends_with('\n') ? "" : "\n");
    out += example_line(c, e) + "\n```\n\n";
  }
  out += fmt::format("Verb: {}. ", to_string(c.verb));
  out += c.doors == Doors::all ? fmt::format("HTTP: `POST /api/v1/{}`. ", c.id()) : "Command line only. ";
  if (!c.consumes.empty()) out += fmt::format("Reads: {}. ", fmt::join(c.consumes, ", "));
  if (!c.emits.empty()) out += fmt::format("Writes: {}. ", fmt::join(c.emits, ", "));
  if (!c.papers.empty()) out += fmt::format("Papers: {}.", fmt::join(c.papers, ", "));
  while (out.ends_with(' ')) out.pop_back();
  return out + "\n";
}

std::string json_schema(const Capability& c) {
  const auto defaults = c.make_options();
  JsonWriter w(2);
  w.begin_object();
  w.member("$schema", "https://json-schema.org/draft/2020-12/schema");
  w.member("title", c.room + " " + c.name).member("description", c.summary);
  w.member("type", "object").member("additionalProperties", false);
  w.key("required").begin_array();
  for (const auto& f : c.fields)
    if (f.required) w.value(f.name);
  w.end_array();
  w.key("properties").begin_object();
  for (const auto& f : c.fields) {
    w.key(f.name).begin_object();
    std::string help = f.help;
    switch (f.kind) {
      case FieldKind::quantity:
        w.key("type").begin_array().value("number").value("string").end_array();
        help += f.unit.empty() ? "" : fmt::format(" (a number of {}, or text with a unit)", f.unit);
        break;
      case FieldKind::number: w.member("type", "number"); break;
      case FieldKind::integer: w.member("type", "integer"); break;
      case FieldKind::flag: w.member("type", "boolean"); break;
      case FieldKind::list:
        w.member("type", "array").key("items").begin_object().member("type", "string").end_object();
        break;
      case FieldKind::file:
        w.member("type", "object").key("required").begin_array().value("content").end_array();
        w.key("properties").begin_object();
        w.key("name").begin_object().member("type", "string").end_object();
        w.key("content").begin_object().member("type", "string").end_object();
        w.end_object();
        break;
      default: w.member("type", "string");
    }
    if (!f.choices.empty()) {
      w.key("enum").begin_array();
      for (const auto& choice : f.choices) w.value(choice);
      w.end_array();
    }
    const double scale = f.kind == FieldKind::quantity ? unit_scale(f.unit) : 1;
    if (f.minimum) w.member("minimum", *f.minimum / scale);
    if (f.maximum) w.member("maximum", *f.maximum / scale);
    if (!f.unit.empty()) w.member("x-unit", f.unit);
    if (!f.catalog.empty()) w.member("x-catalog", f.catalog);
    if (!f.group.empty()) w.member("x-group", f.group);
    const Json fallback = field_to_json(f, f.get(defaults.get()));
    if (f.kind != FieldKind::file && !f.required && !fallback.is_null()) w.key("default").value(fallback);
    w.member("description", help);
    w.end_object();
  }
  w.end_object().end_object();
  return w.take();
}

}  // namespace wattline
