#include "policy/language/condition.h"

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::policy {
namespace {

constexpr int most_depth = 60;

std::string upper(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return out;
}

Condition read_leaf(Members& m) {
  Condition c;
  c.kind = Condition::Kind::leaf;
  c.type = m.text("type", true);
  c.name = m.text("name", true);
  if (m.has("on_error")) {
    const std::string what = m.text("on_error");
    if (what == "match") c.on_error = true;
    else if (what != "no_match")
      m.fault("on_error", "bad-value", fmt::format("is '{}'; match and no_match are allowed", shown_text(what)));
  }
  m.nothing_left({"type", "name", "on_error"});
  return c;
}

Condition read_tree(Source s, const std::string& of, Faults& faults, int depth) {
  Condition c;
  if (depth > most_depth) {
    faults.add(s.line(), "too-deep", fmt::format("the condition of {} is deeper than {} levels", of, most_depth),
               "split it into projections");
    return c;
  }
  Members m(s, "the condition of " + of, faults);
  if (!s.value.is_object()) return c;
  if (!m.has("operator") && !m.has("conditions") && s.value.as_object().empty()) return c;
  if (!m.has("operator") && !m.has("conditions")) return read_leaf(m);
  const std::string op = upper(m.text("operator"));
  if (op == "OR") c.kind = Condition::Kind::any;
  else if (op == "NOT") c.kind = Condition::Kind::none;
  else if (op != "AND" && !op.empty())
    m.fault("operator", "bad-value", fmt::format("is '{}'; AND, OR and NOT are allowed", shown_text(op)));
  m.list("conditions", [&](Source part) { c.parts.push_back(read_tree(part, of, faults, depth + 1)); });
  m.nothing_left({"operator", "conditions"});
  if (c.kind == Condition::Kind::none) {
    if (c.parts.size() != 1) {
      faults.add(s.line(), "bad-value", fmt::format("NOT in {} has {} conditions; it takes one", of, c.parts.size()),
                 "put an OR of them inside the NOT");
      return {};
    }
    return c;
  }
  if (c.parts.empty()) {
    if (depth > 0)
      faults.add(s.line(), "missing-field", fmt::format("an empty {} inside {}", op.empty() ? "AND" : op, of),
                 "give it conditions or leave it out");
    return {};
  }
  return simplified(std::move(c));
}

}  // namespace

Condition simplified(Condition c) {
  if ((c.kind == Condition::Kind::all || c.kind == Condition::Kind::any) && c.parts.size() == 1) {
    Condition only = std::move(c.parts[0]);
    return only;
  }
  return c;
}

Condition read_condition(Source s, const std::string& of, Faults& faults) { return read_tree(s, of, faults, 0); }

Json condition_json(const Condition& c) {
  if (c.kind == Condition::Kind::leaf) {
    Json::Object out{{"type", c.type}, {"name", c.name}};
    if (c.on_error) out.emplace_back("on_error", "match");
    return out;
  }
  Json::Array parts;
  for (const auto& part : c.parts) parts.push_back(condition_json(part));
  const char* op = c.kind == Condition::Kind::any ? "OR" : c.kind == Condition::Kind::none ? "NOT" : "AND";
  return Json::Object{{"operator", op}, {"conditions", std::move(parts)}};
}

}  // namespace wattline::policy
