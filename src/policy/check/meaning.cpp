#include "policy/check/meaning.h"

#include <algorithm>

#include <fmt/format.h>

#include "policy/check/fields.h"
#include "policy/language/condition.h"

namespace wattline::policy {
namespace {

// Where more signals than this are ranges of one number, or keyword rules, they are taken as free of each other.
constexpr std::size_t most_related = 300;

const char* const levels[] = {"easy", "medium", "hard"};

void collect(const Condition& c, bool positive, bool all, std::vector<std::pair<std::string, std::string>>& out) {
  if (c.kind == Condition::Kind::leaf) {
    const std::pair name(c.type, c.name);
    if ((all || positive) && std::find(out.begin(), out.end(), name) == out.end()) out.push_back(name);
  }
  for (const auto& part : c.parts) collect(part, positive != (c.kind == Condition::Kind::none), all, out);
}

}  // namespace

std::vector<std::pair<std::string, std::string>> leaves(const Condition& c) {
  std::vector<std::pair<std::string, std::string>> out;
  collect(c, true, true, out);
  return out;
}

std::vector<std::pair<std::string, std::string>> positive_leaves(const Condition& c) {
  std::vector<std::pair<std::string, std::string>> out;
  collect(c, true, false, out);
  return out;
}

Meaning::Meaning(const Policy& p) : policy_(p) {
  for (const auto& s : p.signals) {
    if (s.type != "complexity") of(s.type, s.name);
    else
      for (const char* level : levels) of(s.type, s.name + ":" + level);
  }
  numbers();
  mappings();
  partitions();
  complexity();
  languages();
  keywords();
  labels();
}

Literal Meaning::of(const std::string& type, const std::string& name) {
  const auto [at, is_new] = atoms_.try_emplace(Name(type, name), 0);
  if (is_new) at->second = solver_.variable();
  return at->second;
}

bool Meaning::known(const std::string& type, const std::string& name) const {
  return atoms_.contains(Name(type, name));
}

Literal Meaning::of(const Condition& c) {
  if (c.kind == Condition::Kind::leaf) return of(c.type, c.name);
  std::vector<Literal> parts;
  for (const auto& part : c.parts) parts.push_back(of(part));
  switch (c.kind) {
    case Condition::Kind::any: return solver_.any(std::move(parts));
    case Condition::Kind::none: return parts.size() == 1 ? -parts[0] : -solver_.any(std::move(parts));
    default: return solver_.all(std::move(parts));
  }
}

void Meaning::partitions() {
  for (const auto& projection : policy_.projections) {
    if (projection.kind != Projection::Kind::partition) continue;
    const auto members = texts_of(projection.fields, "members");
    for (const auto& t : signal_types()) {
      std::vector<Literal> all;
      for (const auto& m : members)
        if (known(std::string(t.name), m)) all.push_back(of(std::string(t.name), m));
      if (all.size() != members.size() || all.empty()) continue;
      if (!text_of(projection.fields, "default").empty()) solver_.exactly_one(all);
      else solver_.at_most_one(all);
      break;
    }
  }
}

void Meaning::complexity() {
  std::vector<Finding> ignored;
  Faults faults("", ignored);
  for (const auto& s : policy_.signals) {
    if (s.type != "complexity") continue;
    std::vector<Literal> all;
    for (const char* level : levels) all.push_back(of(s.type, s.name + ":" + level));
    const Json* composer = s.fields.find("composer");
    if (!composer || composer->is_null()) {
      solver_.exactly_one(all);
      continue;
    }
    solver_.at_most_one(all);
    const Literal gate = of(read_condition({*composer, nullptr}, s.name, faults));
    for (const Literal l : all) solver_.clause({-l, gate});
  }
}

// Signals that are ranges of one number: one piece of its line is where the number is.
void Meaning::line(const std::string& unit, const std::vector<std::pair<Name, Range>>& members, const Range& within,
                   bool whole, bool may_be_unknown) {
  if (members.size() > most_related) return;
  std::vector<Range> ranges;
  for (const auto& [name, range] : members) ranges.push_back(range);
  Line l{unit, pieces(ranges, within, whole), {}};
  for (std::size_t i = 0; i < l.values.size(); ++i) l.pieces.push_back(solver_.variable());
  std::vector<Literal> one = l.pieces;
  if (may_be_unknown) one.push_back(solver_.variable());
  solver_.exactly_one(one);
  std::map<Literal, std::vector<Literal>> inside;
  for (const auto& [name, range] : members) {
    auto& in = inside[of(name.first, name.second)];
    for (std::size_t i = 0; i < l.values.size(); ++i)
      if (range.holds(l.values[i])) in.push_back(l.pieces[i]);
  }
  for (auto& [signal, where] : inside) {
    const Literal any = solver_.any(std::move(where));
    solver_.clause({-signal, any});
    solver_.clause({signal, -any});
  }
  lines_.push_back(std::move(l));
}

void Meaning::numbers() {
  std::map<std::string, std::vector<std::pair<Name, Range>>> counts, world;
  std::vector<std::pair<Name, Range>> context;
  for (const auto& s : policy_.signals) {
    const Name name(s.type, s.name);
    const Json* predicate = s.fields.find("predicate");
    if (s.type == "context") {
      Range r{tokens_of(s.fields, "min_tokens").value_or(0),
              tokens_of(s.fields, "max_tokens").value_or(std::numeric_limits<double>::infinity())};
      context.emplace_back(name, r);
    } else if (s.type == "carbon" || s.type == "price" || s.type == "budget" ||
               (s.type == "battery" && !s.fields.find("on_battery"))) {
      if (predicate) world[s.type].emplace_back(name, range_of(*predicate));
    } else if (s.type == "conversation") {
      const Json* feature = s.fields.find("feature");
      const Json* source = feature ? feature->find("source") : nullptr;
      if (!source) continue;
      const std::string of = text_of(*source, "type") + (source->find("role") ? " " + text_of(*source, "role") : "");
      const bool exists = text_of(*feature, "type") == "exists";
      counts[of].emplace_back(name, exists || !predicate
                                        ? Range{0, std::numeric_limits<double>::infinity(), false, true}
                                        : range_of(*predicate, true));
    }
  }
  const Range from_zero{0, std::numeric_limits<double>::infinity()};
  if (!context.empty()) line("tokens", context, from_zero, true, false);
  for (const auto& [of, members] : counts) line("of " + of, members, from_zero, true, false);
  for (const auto& [of, members] : world) line(of, members, {}, false, true);
}

void Meaning::mappings() {
  for (const auto& m : policy_.projections) {
    const Json* outputs = m.kind == Projection::Kind::mapping ? m.fields.find("outputs") : nullptr;
    if (!outputs || !outputs->is_array()) continue;
    Range within;
    for (const auto& s : policy_.projections)
      if (s.kind == Projection::Kind::score && s.name == text_of(m.fields, "source")) within = attainable(policy_, s);
    // Sums of decimal fractions end a little beside their bounds.
    within.low -= 1e-9;
    within.high += 1e-9;
    std::vector<std::pair<Name, Range>> bands;
    std::vector<Literal> all;
    for (const auto& o : outputs->as_array()) {
      if (!o.is_object()) continue;
      bands.emplace_back(Name("projection", text_of(o, "name")), range_of(o));
      all.push_back(of("projection", text_of(o, "name")));
    }
    if (bands.size() > most_related) continue;
    if (text_of(m.fields, "method") == "multi_emit") {
      line("of score " + m.name, bands, within, false, false);
      continue;
    }
    // Of bands that overlap the first holds: as if the later ones began behind it.
    std::vector<Range> ranges;
    for (const auto& [name, range] : bands) ranges.push_back(range);
    Line l{"of score " + m.name, pieces(ranges, within, false), {}};
    for (std::size_t i = 0; i < l.values.size(); ++i) l.pieces.push_back(solver_.variable());
    if (!l.pieces.empty()) solver_.exactly_one(l.pieces);
    std::vector<std::vector<Literal>> in(bands.size());
    for (std::size_t i = 0; i < l.values.size(); ++i)
      for (std::size_t b = 0; b < bands.size(); ++b)
        if (ranges[b].holds(l.values[i])) {
          in[b].push_back(l.pieces[i]);
          break;
        }
    // What two bands put out matches in either.
    std::map<Literal, std::vector<Literal>> inside;
    for (std::size_t b = 0; b < bands.size(); ++b)
      inside[all[b]].insert(inside[all[b]].end(), in[b].begin(), in[b].end());
    for (auto& [output, where] : inside) {
      const Literal any = solver_.any(std::move(where));
      solver_.clause({-output, any});
      solver_.clause({output, -any});
    }
    lines_.push_back(std::move(l));
  }
}

void Meaning::languages() {
  std::vector<Literal> all;
  for (const auto& s : policy_.signals)
    if (s.type == "language") all.push_back(of(s.type, s.name));
  solver_.at_most_one(all);
}

void Meaning::labels() {
  std::map<std::string, std::vector<Literal>> by_base;
  for (const auto& s : policy_.signals) {
    const Json* target = s.type == "kb" ? s.fields.find("target") : nullptr;
    if (target && target->is_object() && text_of(*target, "kind") == "label" && text_of(s.fields, "match") == "best")
      by_base[text_of(s.fields, "kb")].push_back(of(s.type, s.name));
  }
  for (const auto& [base, all] : by_base) solver_.at_most_one(all);
}

void Meaning::keywords() {
  if (std::count_if(policy_.signals.begin(), policy_.signals.end(),
                    [](const Signal& s) { return s.type == "keyword"; }) > static_cast<std::ptrdiff_t>(most_related))
    return;
  const auto plain = [](const Signal& s) {
    const std::string op = text_of(s.fields, "operator"), method = text_of(s.fields, "method");
    const Json* fuzzy = s.fields.find("fuzzy_match");
    return s.type == "keyword" && (op.empty() || op == "OR" || op == "or") && (method.empty() || method == "regex") &&
           !(fuzzy && fuzzy->is_bool() && fuzzy->as_bool());
  };
  const auto cased = [](const Signal& s) {
    const Json* v = s.fields.find("case_sensitive");
    return v && v->is_bool() && v->as_bool();
  };
  for (const auto& a : policy_.signals) {
    if (!plain(a)) continue;
    const auto few = texts_of(a.fields, "keywords");
    for (const auto& b : policy_.signals) {
      if (&a == &b || !plain(b) || cased(a) != cased(b)) continue;
      const auto many = texts_of(b.fields, "keywords");
      const bool inside = !few.empty() && std::all_of(few.begin(), few.end(), [&](const auto& k) {
        return std::find(many.begin(), many.end(), k) != many.end();
      });
      if (inside) solver_.clause({-of(a.type, a.name), of(b.type, b.name)});
    }
  }
}

}  // namespace wattline::policy
