#include "kernel/toml.h"

#include <algorithm>
#include <cmath>
#include <sstream>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/toml_parser.h"
#include "kernel/utf8.h"

namespace wattline {
namespace {

constexpr std::size_t most_bytes = std::size_t{8} << 20;

class Reader {
 public:
  explicit Reader(std::string_view where) : where_(where) {}

  Json read(const toml::node& n, SourceLines* lines) {
    if (lines) lines->line = n.source().begin.line;
    switch (n.type()) {
      case toml::node_type::string: return Json(n.as_string()->get());
      case toml::node_type::integer: return Json(n.as_integer()->get());
      case toml::node_type::boolean: return Json(n.as_boolean()->get());
      case toml::node_type::floating_point: {
        const double d = n.as_floating_point()->get();
        if (!std::isfinite(d)) throw fault(n, "a number that is not finite", "leave it out");
        return Json(d);
      }
      case toml::node_type::array: return list(*n.as_array(), lines);
      case toml::node_type::table: return table(*n.as_table(), lines);
      default: return text_of(n);
    }
  }

 private:
  Json list(const toml::array& a, SourceLines* lines) {
    Json::Array out;
    for (const auto& e : a) {
      SourceLines own;
      out.push_back(read(e, lines ? &own : nullptr));
      if (lines) lines->parts.push_back(std::move(own));
    }
    return Json(std::move(out));
  }

  // toml++ sorts the keys: their places tell the order.
  Json table(const toml::table& t, SourceLines* lines) {
    struct Member {
      toml::source_position at;
      const toml::key* key;
      const toml::node* value;
    };
    std::vector<Member> members;
    for (const auto& [key, value] : t) members.push_back({key.source().begin, &key, &value});
    std::stable_sort(members.begin(), members.end(), [](const Member& a, const Member& b) { return a.at < b.at; });
    Json::Object out;
    for (const auto& m : members) {
      SourceLines own;
      Json v = read(*m.value, lines ? &own : nullptr);
      // What stands first of a list of tables stands where its key does.
      if (lines && m.at.line) own.line = m.at.line;
      out.emplace_back(std::string(m.key->str()), std::move(v));
      if (lines) lines->parts.push_back(std::move(own));
    }
    return Json(std::move(out));
  }

  static Json text_of(const toml::node& n) {
    std::ostringstream out;
    if (const auto* d = n.as_date()) out << d->get();
    else if (const auto* t = n.as_time()) out << t->get();
    else if (const auto* both = n.as_date_time()) out << both->get();
    return Json(out.str());
  }

  Error fault(const toml::node& n, std::string message, std::string hint) const {
    return bad_input(std::move(message),
                     fmt::format("{}:{}", where_, static_cast<unsigned long>(n.source().begin.line)), std::move(hint));
  }

  std::string_view where_;
};

bool bare(std::string_view key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

// A basic string: TOML knows JSON's escapes but "\/", and DEL is none of its characters.
void append_text(std::string& out, std::string_view text) {
  const std::size_t from = out.size();
  append_json_string(out, text);
  for (std::size_t at = from; (at = out.find('\x7f', at)) != std::string::npos;) out.replace(at, 1, "\\u007F");
}

}  // namespace

Json json_from_toml(std::string_view toml, std::string_view where, SourceLines* lines) {
  if (toml.size() > most_bytes)
    throw bad_input(fmt::format("{} bytes of TOML; at most {} are read", toml.size(), most_bytes), std::string(where));
  if (const std::size_t good = valid_utf8_prefix(toml); good < toml.size() || toml.find('\0') != toml.npos)
    throw bad_input(fmt::format("not UTF-8 text at byte {}", std::min(good, toml.find('\0'))), std::string(where),
                    "save the file as UTF-8");
  try {
    const toml::table root = toml::parse(toml, where);
    return Reader(where).read(root, lines);
  } catch (const toml::parse_error& e) {
    throw bad_input(fmt::format("not valid TOML: {}", e.description()),
                    fmt::format("{}:{}", where, static_cast<unsigned long>(e.source().begin.line)));
  } catch (const ParserFault&) {
    throw bad_input("not valid TOML", std::string(where));
  }
}

void append_toml_key(std::string& out, std::string_view key) {
  if (bare(key)) out += key;
  else append_text(out, key);
}

void append_toml_value(std::string& out, const Json& v) {
  if (v.is_null()) throw bad_input("a null in a list, which TOML cannot hold", {}, "leave it out");
  if (v.is_string()) {
    append_text(out, v.as_string());
  } else if (v.is_array()) {
    out += '[';
    bool first = true;
    for (const auto& e : v.as_array()) {
      if (!first) out += ", ";
      first = false;
      append_toml_value(out, e);
    }
    out += ']';
  } else if (v.is_object()) {
    out += '{';
    bool first = true;
    for (const auto& [key, value] : v.as_object()) {
      if (value.is_null()) continue;
      out += first ? " " : ", ";
      first = false;
      append_toml_key(out, key);
      out += " = ";
      append_toml_value(out, value);
    }
    out += first ? "}" : " }";
  } else if (v.is_number() && !v.is_integer()) {
    std::string s = shortest(v.as_number());
    // "1e300" is a number of TOML's; a whole one stays one without a fraction.
    if (s.find_first_of(".e") == s.npos) s += ".0";
    out += s;
  } else {
    out += v.dump();
  }
}

}  // namespace wattline
