#include "kernel/yaml.h"

#include <cmath>

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline {
namespace {

constexpr std::size_t most_bytes = std::size_t{8} << 20, most_nodes = 200'000;
constexpr std::size_t most_key = 120;
constexpr int most_depth = 100;

bool is_null_text(const std::string& s) { return s.empty() || s == "~" || s == "null" || s == "Null" || s == "NULL"; }

// What a plain scalar means. A number with digits before a leading zero ("007") is a text.
Json plain_scalar(const std::string& s) {
  if (is_null_text(s)) return {};
  if (const auto flag = csv::read_flag(s)) return Json(*flag);
  if (s == ".nan" || s == ".NaN" || s == ".inf" || s == "-.inf") return {};
  if (const auto n = csv::read_integer(s)) return Json(*n);
  if (const auto n = csv::read_number(s); n && std::isfinite(*n)) return Json(*n);
  return Json(s);
}

class Reader {
 public:
  explicit Reader(std::string_view where) : where_(where) {}

  Json read(const YAML::Node& node, SourceLines* lines, int depth = 0) {
    if (lines && node.Mark().line >= 0) lines->line = static_cast<std::uint32_t>(node.Mark().line) + 1;
    if (++nodes_ > most_nodes) throw fault(node, fmt::format("more than {} values", most_nodes));
    if (depth > most_depth) throw fault(node, fmt::format("deeper than {} levels", most_depth));
    switch (node.Type()) {
      case YAML::NodeType::Scalar: return node.Tag() == "!" ? Json(node.Scalar()) : plain_scalar(node.Scalar());
      case YAML::NodeType::Sequence: {
        Json::Array out;
        for (const auto& item : node) {
          SourceLines own{lines ? lines->line : 0, {}};
          out.push_back(read(item, lines ? &own : nullptr, depth + 1));
          if (lines) lines->parts.push_back(std::move(own));
        }
        return Json(std::move(out));
      }
      case YAML::NodeType::Map: {
        Json::Object out;
        for (const auto& entry : node) {
          if (!entry.first.IsScalar()) throw fault(entry.first, "a key that is no single value");
          if (entry.first.Scalar().size() > most_key)
            throw fault(entry.first, fmt::format("a key of more than {} bytes", most_key));
          for (const auto& [known, ignored] : out)
            if (known == entry.first.Scalar())
              throw fault(entry.first, fmt::format("key '{}' stands twice", shown_text(known)));
          SourceLines own;
          out.emplace_back(entry.first.Scalar(), read(entry.second, lines ? &own : nullptr, depth + 1));
          if (!lines) continue;
          if (const int line = entry.first.Mark().line; line >= 0) own.line = static_cast<std::uint32_t>(line) + 1;
          lines->parts.push_back(std::move(own));
        }
        return Json(std::move(out));
      }
      default: return {};
    }
  }

 private:
  Error fault(const YAML::Node& node, std::string message) const {
    const int line = node.Mark().line;
    return bad_input(std::move(message), line < 0 ? std::string(where_) : fmt::format("{}:{}", where_, line + 1));
  }
  std::string_view where_;
  std::size_t nodes_ = 0;
};

// Whether a text can stand unquoted and be read back as itself: only what is surely harmless.
bool stands_plain(const std::string& s) {
  if (s.empty() || s.front() == ' ' || s.back() == ' ' || s.front() == '.') return false;
  for (const char c : s)
    if (!(std::isalnum(static_cast<unsigned char>(c)) || c == '_' || c == ' ' || c == '/' || c == '.' || c == '-'))
      return false;
  if (!std::isalpha(static_cast<unsigned char>(s.front()))) return false;
  for (const char* word : {"yes", "no",  "on", "off", "Yes", "No", "On",  "Off", "YES", "NO",
                           "ON",  "OFF", "y",  "n",   "Y",   "N",  "inf", "nan", "NaN", "Inf"})
    if (s == word) return false;
  return plain_scalar(s).is_string();
}

std::string scalar(const Json& v) {
  if (v.is_string() && stands_plain(v.as_string())) return v.as_string();
  // JSON's scalars and texts are YAML's.
  return v.dump();
}

void write(std::string& out, const Json& v, std::size_t indent) {
  const std::string pad(indent, ' ');
  if (v.is_object() && !v.as_object().empty()) {
    for (const auto& [key, value] : v.as_object()) {
      out += pad + scalar(Json(key)) + ":";
      const bool nested =
          (value.is_object() && !value.as_object().empty()) || (value.is_array() && !value.as_array().empty());
      out += nested ? "\n" : " " + scalar(value) + "\n";
      if (nested) write(out, value, indent + 2);
    }
  } else if (v.is_array() && !v.as_array().empty()) {
    for (const auto& value : v.as_array()) {
      const bool nested =
          (value.is_object() && !value.as_object().empty()) || (value.is_array() && !value.as_array().empty());
      const std::size_t from = out.size();
      if (nested) write(out, value, indent + 2);
      else out += pad + "  " + scalar(value) + "\n";
      // Its first line begins behind the dash.
      out[from + indent] = '-';
    }
  } else {
    out += pad + scalar(v) + "\n";
  }
}

std::string_view line_at(std::string_view text, std::size_t at) {
  std::string_view line = text.substr(at, std::min(text.find('\n', at), text.size()) - at);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Documents by their separators: a line "---" after anything but comments and blank lines begins another.
std::size_t document_count(std::string_view yaml) {
  std::size_t out = 1;
  bool content = false;
  for (std::size_t at = 0; at < yaml.size();) {
    const auto line = line_at(yaml, at);
    const std::size_t first = line.find_first_not_of(" \t");
    if (line == "---" || line.starts_with("--- ")) out += content;
    if (first != line.npos && line[first] != '#') content = true;
    const std::size_t end = yaml.find('\n', at);
    at = end == yaml.npos ? yaml.size() : end + 1;
  }
  return out;
}

}  // namespace

Json json_from_yaml(std::string_view yaml, std::string_view where, SourceLines* lines) {
  if (yaml.size() > most_bytes)
    throw bad_input(fmt::format("{} bytes of YAML; at most {} are read", yaml.size(), most_bytes), std::string(where));
  if (const std::size_t good = valid_utf8_prefix(yaml); good < yaml.size() || yaml.find('\0') != yaml.npos)
    throw bad_input(fmt::format("not UTF-8 text at byte {}", std::min(good, yaml.find('\0'))), std::string(where),
                    "save the file as UTF-8");
  try {
    // The library's own reading of all documents never ends on some broken ones.
    if (const std::size_t n = document_count(yaml); n > 1)
      throw bad_input(fmt::format("{} YAML documents in one file; one is allowed", n), std::string(where));
    return Reader(where).read(YAML::Load(std::string(yaml)), lines);
  } catch (const YAML::Exception& e) {
    throw bad_input("not valid YAML: " + e.msg,
                    e.mark.line < 0 ? std::string(where) : fmt::format("{}:{}", where, e.mark.line + 1));
  }
}

std::string yaml_from_json(const Json& v) {
  std::string out;
  write(out, v, 0);
  return out;
}

FrontMatter split_front_matter(std::string_view text, std::string_view where) {
  FrontMatter out;
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  if (line_at(text, 0) != "---") {
    out.body = text;
    return out;
  }
  std::size_t at = text.find('\n');
  if (at == text.npos) at = text.size();
  else ++at;
  for (std::size_t line = at; line < text.size();) {
    const std::size_t end = text.find('\n', line), next = end == text.npos ? text.size() : end + 1;
    if (const auto words = line_at(text, line); words == "---" || words == "...") {
      out.yaml = text.substr(at, line - at);
      out.body = text.substr(next);
      out.found = true;
      return out;
    }
    line = next;
  }
  throw bad_input("the front matter that begins with '---' never ends", std::string(where),
                  "end it with a line '---' of its own");
}

Json read_document(std::string_view text, std::string_view where, DocumentKind* kind, std::string* body) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::size_t first = 0;
  while (first < text.size() && std::string_view(" \t\r\n").find(text[first]) != std::string_view::npos) ++first;
  const auto say = [&](DocumentKind k) {
    if (kind) *kind = k;
  };
  if (first == text.size()) throw bad_input("the file is empty", std::string(where));
  if (text[first] == '{' || text[first] == '[') {
    say(DocumentKind::json);
    return parse_json(text, where);
  }
  if (line_at(text, 0) == "---") {
    FrontMatter parts = split_front_matter(text, where);
    const bool markdown = parts.body.find_first_not_of(" \t\r\n") != std::string::npos;
    say(markdown ? DocumentKind::markdown : DocumentKind::yaml);
    if (body) *body = std::move(parts.body);
    // The line numbers of the file: the block begins on its second line.
    return json_from_yaml("\n" + parts.yaml, where);
  }
  if (text[first] == '#') {
    // A Markdown heading and a YAML comment look alike: the name tells, else that YAML has keys below.
    if (!where.ends_with(".md")) try {
        Json v = json_from_yaml(text, where);
        if (v.is_object()) {
          say(DocumentKind::yaml);
          return v;
        }
      } catch (const Error&) {}
    say(DocumentKind::markdown);
    if (body) *body = text;
    return Json(Json::Object{});
  }
  say(DocumentKind::yaml);
  return json_from_yaml(text, where);
}

}  // namespace wattline
