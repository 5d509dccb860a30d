#include "serve/toml_reader.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/json.h"
#include "kernel/toml_parser.h"
#include "kernel/units.h"

namespace wattline::serve {

struct TomlTable::Node {
  std::shared_ptr<const toml::table> root;  // keeps `table` alive
  const toml::table* table;
};

namespace {

std::string_view kind_of(const toml::node& n) {
  switch (n.type()) {
    case toml::node_type::string: return "a text";
    case toml::node_type::integer: return "a whole number";
    case toml::node_type::floating_point: return "a number";
    case toml::node_type::boolean: return "true or false";
    case toml::node_type::array: return "a list";
    case toml::node_type::table: return "a table";
    default: return "a date or time";
  }
}

std::string place_of(const std::string& file, const toml::node& n) {
  return fmt::format("{}:{}", file, static_cast<unsigned long>(n.source().begin.line));
}

std::string json_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

std::string number_schema(double low, double high) {
  return fmt::format(R"({{"type":"number","minimum":{},"maximum":{}}})", shortest(low), shortest(high));
}

}  // namespace

TomlTable::TomlTable(std::shared_ptr<const Node> node, std::string file, std::string path, std::vector<Error>* faults,
                     Environment environment)
    : node_(std::move(node)),
      file_(std::move(file)),
      path_(std::move(path)),
      faults_(faults),
      environment_(std::move(environment)) {}
TomlTable::TomlTable(TomlSchema& noted) : noted_(&noted) {}
TomlTable::~TomlTable() = default;
TomlTable::TomlTable(TomlTable&&) noexcept = default;

std::string TomlTable::name_of(std::string_view key) const {
  return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
}

bool TomlTable::note(std::string_view key, std::string type, std::string standard, std::string json) {
  if (!noted_) return false;
  auto& k = noted_->key(key);
  k.type = std::move(type);
  k.standard = std::move(standard);
  k.json = std::move(json);
  const bool is_text = k.json.starts_with(R"({"type":"string")");
  if (!k.standard.empty())
    k.json.insert(k.json.size() - 1, ",\"default\":" + (is_text ? json_text(k.standard) : k.standard));
  return true;
}

std::optional<std::string> TomlTable::filled_in(std::string_view key, const std::string& text) {
  if (!environment_ || text.find('$') == std::string::npos) return text;
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '$') {
      out += text[at++];
      continue;
    }
    if (text.compare(at, 2, "$$") == 0) {
      out += '$';
      at += 2;
      continue;
    }
    const std::size_t end = text.compare(at, 2, "${") == 0 ? text.find('}', at) : std::string::npos;
    if (end == std::string::npos) {
      fault(key, "holds a '$' that begins no ${NAME}", "write $$ for a dollar sign");
      return std::nullopt;
    }
    std::string name = text.substr(at + 2, end - at - 2);
    std::optional<std::string> otherwise;
    if (const auto dash = name.find(":-"); dash != std::string::npos) {
      otherwise = name.substr(dash + 2);
      name.resize(dash);
    }
    auto value = environment_(name);
    if (!value || value->empty()) value = otherwise;
    if (!value) {
      fault(key, fmt::format("names the environment variable {}, which is not set", name.substr(0, 80)),
            "set it before the gateway starts, or give ${NAME:-else}");
      return std::nullopt;
    }
    out += *value;
    at = end + 1;
  }
  return out;
}

std::string TomlTable::where() const { return noted_ ? std::string() : place_of(file_, *node_->table); }
std::string TomlTable::where(std::string_view key) const {
  if (noted_) return {};
  const toml::node* n = node_->table->get(key);
  return n ? place_of(file_, *n) : where();
}

void TomlTable::fault(std::string_view key, std::string message, std::string hint) {
  if (noted_) {
    // Of a table that is not there everything is missing that is needed.
    if (message.starts_with("is missing")) noted_->key(key).required = true;
    return;
  }
  faults_->push_back(bad_input(fmt::format("'{}' {}", name_of(key), message), where(key), std::move(hint)));
}

bool TomlTable::has(std::string_view key) const { return !noted_ && node_->table->contains(key); }
bool TomlTable::is_text(std::string_view key) const {
  if (noted_) return false;
  const toml::node* n = node_->table->get(key);
  return n && n->is_string();
}

std::vector<std::string> TomlTable::keys() const {
  if (noted_) return {};
  std::vector<std::pair<toml::source_index, std::string>> found;
  for (const auto& [key, value] : *node_->table) found.emplace_back(key.source().begin.line, std::string(key.str()));
  std::stable_sort(found.begin(), found.end(), [](auto& a, auto& b) { return a.first < b.first; });
  std::vector<std::string> out;
  for (auto& [line, key] : found) out.push_back(std::move(key));
  return out;
}

void TomlTable::read(std::string_view key, std::string& out) {
  if (note(key, "text", out, R"({"type":"string"})")) return;
  asked_.emplace_back(key);
  const toml::node* n = node_->table->get(key);
  if (!n) return;
  if (const auto* s = n->as_string()) out = filled_in(key, s->get()).value_or(out);
  else fault(key, fmt::format("must be a text, found {}", kind_of(*n)));
}

void TomlTable::read(std::string_view key, bool& out) {
  if (note(key, "true or false", out ? "true" : "false", R"({"type":"boolean"})")) return;
  asked_.emplace_back(key);
  const toml::node* n = node_->table->get(key);
  if (!n) return;
  if (const auto* b = n->as_boolean()) out = b->get();
  else fault(key, fmt::format("must be true or false, found {}", kind_of(*n)));
}

void TomlTable::read(std::string_view key, std::int64_t& out, std::int64_t low, std::int64_t high) {
  if (note(key, fmt::format("{} to {}", low, high), std::to_string(out),
           fmt::format(R"({{"type":"integer","minimum":{},"maximum":{}}})", low, high)))
    return;
  asked_.emplace_back(key);
  const toml::node* n = node_->table->get(key);
  if (!n) return;
  const auto* i = n->as_integer();
  if (!i) return fault(key, fmt::format("must be a whole number, found {}", kind_of(*n)));
  if (i->get() < low || i->get() > high)
    return fault(key, fmt::format("is {}; {} to {} is allowed", i->get(), low, high));
  out = i->get();
}

void TomlTable::read(std::string_view key, int& out, int low, int high) {
  std::int64_t v = out;
  read(key, v, low, high);
  out = static_cast<int>(v);
}

void TomlTable::read(std::string_view key, double& out, double low, double high) {
  if (note(key, fmt::format("{} to {}", low, high), shortest(out), number_schema(low, high))) return;
  asked_.emplace_back(key);
  const toml::node* n = node_->table->get(key);
  if (!n) return;
  const auto v = n->value<double>();
  if (!v || !n->is_number()) return fault(key, fmt::format("must be a number, found {}", kind_of(*n)));
  if (!std::isfinite(*v) || *v < low || *v > high)
    return fault(key, fmt::format("is {}; {} to {} is allowed", *v, low, high));
  out = *v;
}

void TomlTable::read(std::string_view key, std::optional<double>& out, double low, double high) {
  if (note(key, fmt::format("{} to {}", low, high), out ? shortest(*out) : "", number_schema(low, high))) return;
  double v = out.value_or(low);
  const std::size_t before = faults_->size();
  read(key, v, low, high);
  if (has(key) && faults_->size() == before) out = v;
}

void TomlTable::read(std::string_view key, std::vector<std::string>& out) {
  if (note(key, "list of texts", "", R"({"type":"array","items":{"type":"string"}})")) return;
  asked_.emplace_back(key);
  const toml::node* n = node_->table->get(key);
  if (!n) return;
  const auto* a = n->as_array();
  if (!a) return fault(key, fmt::format("must be a list of texts, found {}", kind_of(*n)));
  std::vector<std::string> texts;
  for (const auto& e : *a) {
    const auto* s = e.as_string();
    if (!s) return fault(key, fmt::format("must be a list of texts, found {} in it", kind_of(e)));
    auto text = filled_in(key, s->get());
    if (!text) return;
    texts.push_back(std::move(*text));
  }
  out = std::move(texts);
}

void TomlTable::read_quantity(std::string_view key, double& base, Dimension dimension, std::string_view unit,
                              double low, double high) {
  const double scale = noted_ ? parse_unit(unit).scale : 1;
  if (note(key,
           fmt::format("{} to {}, or a number of {}", format_quantity(low, dimension), format_quantity(high, dimension),
                       unit),
           shortest(base / scale),
           fmt::format(R"({{"anyOf":[{{"type":"string"}},{}]}})", number_schema(low / scale, high / scale))))
    return;
  asked_.emplace_back(key);
  const toml::node* n = node_->table->get(key);
  if (!n) return;
  double found = 0;
  if (const auto* s = n->as_string()) {
    const auto text = filled_in(key, s->get());
    if (!text) return;
    try {
      found = parse_quantity(*text, dimension, unit);
    } catch (const Error& e) {
      return fault(key, fmt::format("is \"{}\": {}", *text, e.message()), e.hint());
    }
  } else if (n->is_number()) {
    found = n->value<double>().value_or(0) * parse_unit(unit).scale;
  } else {
    return fault(key, fmt::format("must be a text such as \"30 {}\" or a number, found {}", unit, kind_of(*n)));
  }
  if (!(found >= low && found <= high))
    return fault(key, fmt::format("is {}; {} to {} is allowed", format_quantity(found, dimension),
                                  format_quantity(low, dimension), format_quantity(high, dimension)));
  base = found;
}

namespace {

Json json_of(const toml::node& n) {
  if (const auto* s = n.as_string()) return Json(s->get());
  if (const auto* b = n.as_boolean()) return Json(b->get());
  if (const auto* i = n.as_integer()) return Json(static_cast<std::int64_t>(i->get()));
  if (const auto* d = n.as_floating_point()) return Json(d->get());
  if (const auto* list = n.as_array()) {
    Json::Array out;
    for (const auto& item : *list) out.push_back(json_of(item));
    return Json(std::move(out));
  }
  if (const auto* table = n.as_table()) {
    Json out = Json::Object{};
    for (const auto& [key, value] : *table) out.set(std::string(key.str()), json_of(value));
    return out;
  }
  std::ostringstream text;  // dates and times
  n.visit([&](const auto& value) {
    if constexpr (toml::is_date<decltype(value)> || toml::is_time<decltype(value)> ||
                  toml::is_date_time<decltype(value)>)
      text << value.get();
  });
  return Json(text.str());
}

}  // namespace

void TomlTable::read(std::string_view key, Json& out) {
  if (note(key, "table", "", R"({"type":"object"})")) return;
  asked_.emplace_back(key);
  if (const toml::node* n = node_->table->get(key)) out = json_of(*n);
}

void TomlTable::read_choice(std::string_view key, int& out, const std::vector<std::string>& names) {
  if (noted_) {
    std::string all;
    for (const auto& name : names) all += (all.empty() ? "" : ",") + json_text(name);
    note(key, fmt::format("{}", fmt::join(names, ", ")), names[static_cast<std::size_t>(out)],
         fmt::format(R"({{"type":"string","enum":[{}]}})", all));
    return;
  }
  std::string text;
  const std::size_t before = faults_->size();
  read(key, text);
  if (!has(key) || faults_->size() != before) return;
  const auto it = std::find(names.begin(), names.end(), text);
  if (it == names.end()) return fault(key, fmt::format("is \"{}\"; {} is allowed", text, fmt::join(names, ", ")));
  out = static_cast<int>(it - names.begin());
}

std::optional<TomlTable> TomlTable::table(std::string_view key) {
  if (noted_) {
    auto& k = noted_->key(key);
    if (!k.table) k.table = std::make_unique<TomlSchema>();
    return TomlTable(*k.table);
  }
  asked_.emplace_back(key);
  const toml::node* n = node_->table->get(key);
  if (!n) return std::nullopt;
  const auto* t = n->as_table();
  if (!t) {
    fault(key, fmt::format("must be a table ([{}]), found {}", name_of(key), kind_of(*n)));
    return std::nullopt;
  }
  return TomlTable(std::make_shared<Node>(Node{node_->root, t}), file_, name_of(key), faults_, environment_);
}

std::vector<TomlTable> TomlTable::tables(std::string_view key) {
  std::vector<TomlTable> out;
  if (noted_) {
    auto& k = noted_->key(key);
    if (!k.table) k.table = std::make_unique<TomlSchema>();
    k.many = true;
    out.emplace_back(*k.table);
    return out;
  }
  asked_.emplace_back(key);
  const toml::node* n = node_->table->get(key);
  if (!n) return out;
  const auto* a = n->as_array();
  if (!a || !std::all_of(a->begin(), a->end(), [](const auto& e) { return e.is_table(); })) {
    fault(key, fmt::format("must be a list of tables ([[{}]]), found {}", name_of(key), kind_of(*n)));
    return out;
  }
  for (const auto& e : *a)
    out.emplace_back(std::make_shared<Node>(Node{node_->root, e.as_table()}), file_,
                     fmt::format("{}[{}]", name_of(key), out.size()), faults_, environment_);
  return out;
}

void TomlTable::finish() {
  for (const auto& key : keys()) {
    if (std::find(asked_.begin(), asked_.end(), key) != asked_.end()) continue;
    const auto near = nearest(key, asked_, 1);
    fault(key, fmt::format("is not known here; {} is allowed", fmt::join(asked_, ", ")),
          near.empty() ? "" : fmt::format("did you mean '{}'?", near[0]));
  }
}

std::optional<TomlTable> parse_toml(std::string_view text, const std::string& file, std::vector<Error>* faults,
                                    Environment environment) {
  std::shared_ptr<toml::table> root;
  try {
    root = std::make_shared<toml::table>(toml::parse(text, file));
  } catch (const toml::parse_error& e) {
    faults->push_back(bad_input(fmt::format("not valid TOML: {}", e.description()),
                                fmt::format("{}:{}", file, static_cast<unsigned long>(e.source().begin.line))));
    return std::nullopt;
  } catch (const ParserFault&) {
    faults->push_back(bad_input("not valid TOML", file));
    return std::nullopt;
  }
  const auto* table = root.get();
  return TomlTable(std::make_shared<TomlTable::Node>(TomlTable::Node{std::move(root), table}), file, {}, faults,
                   std::move(environment));
}

}  // namespace wattline::serve
