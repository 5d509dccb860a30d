#include "ledger/disclose/schema.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/units.h"
#include "kernel/utf8.h"

namespace wattline::ledger::disclose {
namespace {

std::vector<std::string> split(std::string_view s, char at) {
  std::vector<std::string> out;
  for (std::size_t begin = 0; begin < s.size();) {
    const std::size_t end = std::min(s.find(at, begin), s.size());
    if (end > begin) out.emplace_back(csv::trimmed(s.substr(begin, end - begin)));
    begin = end + 1;
  }
  return out;
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string shown(const Json& v) { return shown_text(v.is_string() ? v.as_string() : v.dump(), 60); }

// Why a value does not fit its item, or "".
std::string malformed(const Json& v, const Item& item, const Json& manifest) {
  if (item.type == "text" || item.type == "url") {
    // Lists of texts and maps (software: {torch: 2.1}) say something as well.
    if (v.is_array() && !v.as_array().empty()) return "";
    if (v.is_object() && !v.as_object().empty()) return item.type == "url" ? "an address is wanted" : "";
    if (v.is_number() && item.type == "text") return "";
    if (!v.is_string()) return "a text is wanted";
    if (item.type == "url" && !v.as_string().starts_with("https://") && !v.as_string().starts_with("http://") &&
        !v.as_string().starts_with("doi:") && !v.as_string().starts_with("10."))
      return "an address (https://...) or DOI is wanted";
    return "";
  }
  if (item.type == "enum" || item.type == "list") {
    const std::vector<Json> values = v.is_array() ? v.as_array() : std::vector<Json>{v};
    if (item.type == "enum" && v.is_array()) return "one value is wanted";
    for (const auto& one : values)
      if (!one.is_string() ||
          std::find(item.allowed.begin(), item.allowed.end(), lower(one.as_string())) == item.allowed.end())
        return fmt::format("'{}' is not among {}", shown(one), fmt::join(item.allowed, ", "));
    return "";
  }
  if (item.path == "site.pue" && v.is_string() && lower(v.as_string()) == "excluded") return "";
  std::string why;
  return number_at(manifest, item, &why) ? "" : why.empty() ? "a number is wanted" : why;
}

std::string joined_list(const Json* v) {
  std::string out;
  if (v && v->is_array())
    for (const auto& one : v->as_array())
      if (one.is_string()) out += lower(one.as_string()) + ";";
  if (v && v->is_string()) out = lower(v->as_string());
  return out;
}

}  // namespace

std::string_view to_string(Level l) {
  return l == Level::core ? "core" : l == Level::recommended ? "recommended" : "full";
}
double weight(Level l) { return l == Level::core ? 3 : l == Level::recommended ? 2 : 1; }
std::string_view to_string(Standing s) {
  switch (s) {
    case Standing::pass: return "pass";
    case Standing::missing: return "missing";
    case Standing::malformed: return "malformed";
    case Standing::not_applicable: return "not applicable";
  }
  return "";
}

std::vector<Item> schema(const catalog::Catalog& catalog) {
  CsvOptions options;
  options.infer = false;
  const Table t = read_csv(catalog.file("disclosure_items.csv"), "disclosure_items.csv", options);
  std::vector<Item> out;
  for (std::size_t r = 0; r < t.rows(); ++r) {
    const auto cell = [&](const char* name) { return t.column(name).texts()[r]; };
    Item i;
    i.path = cell("path");
    i.type = cell("type");
    i.unit = cell("unit");
    const std::string level = cell("level");
    i.level = level == "core" ? Level::core : level == "recommended" ? Level::recommended : Level::full;
    i.allowed = split(cell("allowed"), ';');
    i.applies_if = cell("applies_if");
    i.alternative = cell("alternative");
    i.source = cell("source");
    i.how = cell("how");
    out.push_back(std::move(i));
  }
  return out;
}

const Json* at_path(const Json& manifest, std::string_view path) {
  const Json* at = &manifest;
  while (at && !path.empty()) {
    const std::size_t dot = std::min(path.find('.'), path.size());
    at = at->find(path.substr(0, dot));
    path.remove_prefix(std::min(dot + 1, path.size()));
  }
  return at && !at->is_null() ? at : nullptr;
}

void set_path(Json& manifest, std::string_view path, Json value) {
  if (!manifest.is_object()) manifest = Json(Json::Object{});
  const std::size_t dot = path.find('.');
  if (dot == path.npos) {
    manifest.set(std::string(path), std::move(value));
    return;
  }
  const std::string key(path.substr(0, dot));
  const Json* there = manifest.find(key);
  Json inner = there && there->is_object() ? *there : Json(Json::Object{});
  set_path(inner, path.substr(dot + 1), std::move(value));
  manifest.set(key, std::move(inner));
}

bool is_placeholder(std::string_view text) {
  const std::string s = lower(csv::trimmed(text));
  for (const char* word :
       {"", "tbd", "todo", "tba", "n/a", "na", "none", "unknown", "xxx", "xx", "?", "-", "...", "null",
        "more information needed", "[more information needed]", "not specified", "not available"})
    if (s == word) return true;
  return s.starts_with('<') && s.ends_with('>');
}

std::optional<std::string> text_at(const Json& manifest, std::string_view path) {
  const Json* v = at_path(manifest, path);
  if (!v) return std::nullopt;
  if (v->is_string()) return is_placeholder(v->as_string()) ? std::nullopt : std::optional(v->as_string());
  return v->dump();
}

std::optional<double> number_at(const Json& manifest, const Item& item, std::string* why) {
  const Json* v = at_path(manifest, item.path);
  if (v && v->is_object()) v = v->find("value");
  const auto refuse = [&](std::string text) -> std::optional<double> {
    if (why) *why = std::move(text);
    return std::nullopt;
  };
  if (!v || v->is_null()) return refuse("no value");
  double n = NAN;
  if (v->is_number()) n = v->as_number();
  else if (v->is_string()) {
    const std::string& s = v->as_string();
    if (s.find(',') != s.npos && s.find('.') != s.npos)
      return refuse(fmt::format("'{}' mixes ',' and '.': which is the decimal?", shown_text(s)));
    if (item.unit.empty()) {
      const auto plain = csv::read_number(csv::trimmed(s));
      if (!plain) return refuse(fmt::format("'{}' is no number", shown_text(s)));
      n = *plain;
    } else {
      const Unit unit = parse_unit(item.unit);
      try {
        n = parse_quantity(s, unit.dimension, item.unit) / unit.scale;
      } catch (const Error& e) {
        return refuse(e.message());
      }
    }
  } else {
    return refuse("a number is wanted");
  }
  if (!std::isfinite(n) || n < 0) return refuse(fmt::format("{} is no amount", n));
  if (item.type == "integer" && n != std::floor(n)) return refuse(fmt::format("{} is no whole number", n));
  return n;
}

std::vector<Finding> examine(const Json& manifest, const std::vector<Item>& items) {
  std::vector<Finding> out;
  const std::string stages = joined_list(at_path(manifest, "stages"));
  for (const auto& item : items) {
    Finding f;
    f.item = &item;
    const Json* v = at_path(manifest, item.path);
    if (!v && !item.alternative.empty())
      if (const Json* other = at_path(manifest, item.alternative);
          other && !(other->is_string() && is_placeholder(other->as_string()))) {
        f.standing = Standing::pass;
        f.value = shown(*other);
        f.why = item.alternative + " is given instead";
        out.push_back(std::move(f));
        continue;
      }
    const Json* excused = v && v->is_object() ? v->find("not_applicable") : nullptr;
    const Json* unknown = v && v->is_object() ? v->find("unknown") : nullptr;
    if (!item.applies_if.empty() && stages.find(item.applies_if) == stages.npos && !v) {
      f.standing = Standing::not_applicable;
      f.why = fmt::format("the figures do not cover {}", item.applies_if);
    } else if (excused) {
      // A reason is what tells "does not apply" from "not told".
      const bool reason = excused->is_string() && !is_placeholder(excused->as_string());
      f.standing = reason ? Standing::not_applicable : Standing::malformed;
      f.why = reason ? shown_text(excused->as_string(), 80) : "say why it does not apply";
    } else if (!v || unknown || (v->is_string() && is_placeholder(v->as_string()))) {
      f.standing = Standing::missing;
      f.why = unknown ? "said to be unknown" : v ? fmt::format("'{}' says nothing (R12)", shown(*v)) : "";
    } else {
      f.value = shown(*v);
      f.why = malformed(*v, item, manifest);
      f.standing = f.why.empty() ? Standing::pass : Standing::malformed;
    }
    out.push_back(std::move(f));
  }
  return out;
}

Score score(const std::vector<Finding>& findings, Level upto, bool contradicted) {
  Score out;
  double have[3] = {}, all[3] = {};
  bool core_missing = false;
  for (const auto& f : findings) {
    if (f.standing == Standing::not_applicable) continue;
    const auto level = static_cast<std::size_t>(f.item->level);
    all[level] += weight(f.item->level);
    if (f.standing == Standing::pass) have[level] += weight(f.item->level);
    else core_missing = core_missing || f.item->level == Level::core;
  }
  const auto share = [](double part, double whole) { return whole > 0 ? part / whole : 1.0; };
  out.core = share(have[0], all[0]);
  out.recommended = share(have[1], all[1]);
  out.full = share(have[2], all[2]);
  double part = 0, whole = 0;
  for (std::size_t l = 0; l <= static_cast<std::size_t>(upto); ++l) {
    part += have[l];
    whole += all[l];
  }
  out.upto = share(part, whole);
  out.grade = out.upto >= 0.9 ? 'A' : out.upto >= 0.8 ? 'B' : out.upto >= 0.65 ? 'C' : out.upto >= 0.5 ? 'D' : 'E';
  if (core_missing && out.grade == 'A') out.grade = 'B';
  if (contradicted && out.grade < 'C') out.grade = 'C';
  return out;
}

}  // namespace wattline::ledger::disclose
