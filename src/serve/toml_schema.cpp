#include "serve/toml_schema.h"

#include <algorithm>

#include "kernel/json.h"

namespace wattline::serve {
namespace {

void append_object(std::string& out, const TomlSchema& s) {
  out += R"("type":"object","additionalProperties":false,"properties":{)";
  std::string required;
  bool first = true;
  for (const auto& k : s.keys) {
    if (!std::exchange(first, false)) out += ',';
    append_json_string(out, k.name);
    out += ':';
    if (!k.table) {
      out += k.json;
    } else if (k.many) {
      out += R"({"type":"array","items":{)";
      append_object(out, *k.table);
      out += "}}";
    } else {
      out += '{';
      append_object(out, *k.table);
      out += '}';
    }
    if (!k.required) continue;
    if (!required.empty()) required += ',';
    append_json_string(required, k.name);
  }
  out += '}';
  if (!required.empty()) out.append(",\"required\":[").append(required) += ']';
}

}  // namespace

TomlSchema::Key& TomlSchema::key(std::string_view name) {
  const auto it = std::find_if(keys.begin(), keys.end(), [&](const Key& k) { return k.name == name; });
  if (it != keys.end()) return *it;
  keys.emplace_back();
  keys.back().name = name;
  return keys.back();
}

std::string json_schema_of(const TomlSchema& s, std::string_view title) {
  std::string out = R"({"$schema":"https://json-schema.org/draft/2020-12/schema","title":)";
  append_json_string(out, title);
  out += ',';
  append_object(out, s);
  out += '}';
  return out;
}

}  // namespace wattline::serve
