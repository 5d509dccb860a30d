#include "policy/language/parts.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::policy {

bool projection_kind(std::string_view word, Projection::Kind& out) {
  if (word == "partition") out = Projection::Kind::partition;
  else if (word == "score") out = Projection::Kind::score;
  else if (word == "mapping") out = Projection::Kind::mapping;
  else return false;
  return true;
}

std::string_view to_string(Projection::Kind k) {
  return k == Projection::Kind::partition ? "partition" : k == Projection::Kind::score ? "score" : "mapping";
}

Policy::Strategy read_strategy(Members& m) {
  const std::string word = m.text("strategy");
  if (word == "confidence") return Policy::Strategy::confidence;
  if (word != "priority" && !word.empty())
    m.fault("strategy", "bad-value", fmt::format("is '{}'; priority and confidence are allowed", shown_text(word)));
  return Policy::Strategy::priority;
}

std::string_view to_string(Policy::Strategy s) { return s == Policy::Strategy::priority ? "priority" : "confidence"; }

void append_fields(Json::Object& out, const Json& fields, const std::string& of) {
  if (!fields.is_object()) return;
  const std::size_t own = out.size();
  for (const auto& [key, value] : fields.as_object()) {
    for (std::size_t i = 0; i < own; ++i)
      if (out[i].first == key)
        throw bad_input(fmt::format("{} has a field '{}', which this language needs for itself", of, key), {},
                        "name the field differently");
    out.emplace_back(key, value);
  }
}

Probe read_probe(Source s, Faults& faults) {
  Members m(s, "a probe", faults);
  Probe p;
  p.where = m.where();
  p.name = m.text("name");
  if (!p.name.empty()) m.call("probe '" + p.name + "'");
  p.query = m.text("query");
  p.decision = m.text("decision", true);
  p.fields = m.left();
  return p;
}

Json probe_json(const Probe& p) {
  Json::Object out;
  if (!p.name.empty()) out.emplace_back("name", p.name);
  out.emplace_back("query", p.query);
  out.emplace_back("decision", p.decision);
  append_fields(out, p.fields, "probe '" + p.name + "'");
  return out;
}

}  // namespace wattline::policy
