// Conditions against each other, by satisfiability.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "policy/check/scope.h"
#include "policy/language/expression.h"

namespace wattline::policy {
namespace {

constexpr std::size_t most_pairs = 2000;

class Logic {
 public:
  Logic(Scope& s, Meaning& m) : s_(s), meaning_(m) {
    for (const auto& d : s.policy.decisions) holds_.push_back(m.of(d.when));
  }

  void check() {
    const auto& all = s_.policy.decisions;
    // What the signals are contradicts itself: faults of projections, which are told there.
    if (ask({}) == Solver::Answer::no) return;
    for (std::size_t i = 0; i < all.size(); ++i) {
      dead_.push_back(dead_branches(all[i], all[i].when, true));
      if (!dead_.back()) shadowed(all[i], holds_[i]);
    }
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t k = i + 1; k < all.size(); ++k)
        if (!dead_[i] && !dead_[k]) equals(i, k);
    catch_all();
  }

 private:
  Solver::Answer ask(const std::vector<Literal>& wanted) {
    return meaning_.solver().solve(wanted, s_.options.branches);
  }
  Literal of(const Decision& d) const { return holds_[static_cast<std::size_t>(&d - s_.policy.decisions.data())]; }

  void open(const Decision& d, std::string_view question) {
    s_.add("not-decided", d.where, fmt::format("decision '{}': {} was not decided", d.name, question),
           "split the condition into projections");
  }

  // Whether a part can never be true: told for the innermost ones. True when the whole cannot.
  bool dead_branches(const Decision& d, const Condition& c, bool whole) {
    bool inner = false;
    for (const auto& part : c.parts)
      if (part.kind != Condition::Kind::leaf) inner |= dead_branches(d, part, false);
    if (inner && c.kind == Condition::Kind::any) return ask({meaning_.of(c)}) == Solver::Answer::no;
    const auto answer = ask({meaning_.of(c)});
    if (answer == Solver::Answer::open && whole) open(d, "whether its condition can be true");
    if (answer != Solver::Answer::no) return false;
    if (inner || c.kind == Condition::Kind::leaf) {
      // A leaf alone: a band that cannot be reached, which is told there.
      return true;
    }
    tell_dead(d, c, whole);
    return true;
  }

  void tell_dead(const Decision& d, const Condition& c, bool whole) {
    // By itself, when nothing is known of the signals.
    Solver plain;
    std::map<std::pair<std::string, std::string>, Literal> atoms;
    const bool alone =
        plain.solve(std::vector<Literal>{blank(c, plain, atoms)}, s_.options.branches) == Solver::Answer::no;
    const std::string what = whole ? fmt::format("the condition of decision '{}'", d.name)
                                   : fmt::format("the branch {} of decision '{}'", expression_text(c), d.name);
    if (alone)
      return s_.add("contradiction", d.where, fmt::format("{} contradicts itself and is never true", what),
                    "take out the literal that contradicts");
    const auto pair = c.kind == Condition::Kind::all ? excluding(c) : std::vector<std::string>{};
    if (pair.empty())
      return s_.add("contradiction", d.where, fmt::format("{} is never true by what its signals are", what),
                    "loosen it, or take it out");
    s_.add("exclusive-and", d.where,
           fmt::format("{} asks for {} at once, of which one excludes the other", what, fmt::join(pair, " and ")),
           "use OR between them, or take one out",
           fmt::format("no request: where {} matches, {} does not", pair[0], pair[1]));
  }

  Literal blank(const Condition& c, Solver& solver, std::map<std::pair<std::string, std::string>, Literal>& atoms) {
    if (c.kind == Condition::Kind::leaf) {
      Literal& l = atoms[{c.type, c.name}];
      return l ? l : (l = solver.variable());
    }
    std::vector<Literal> parts;
    for (const auto& part : c.parts) parts.push_back(blank(part, solver, atoms));
    if (c.kind == Condition::Kind::none) return -solver.any(std::move(parts));
    return c.kind == Condition::Kind::any ? solver.any(std::move(parts)) : solver.all(std::move(parts));
  }

  // Two parts of an AND that cannot hold at once.
  std::vector<std::string> excluding(const Condition& c) {
    for (std::size_t i = 0; i < c.parts.size(); ++i)
      for (std::size_t k = i + 1; k < c.parts.size(); ++k)
        if (ask({meaning_.of(c.parts[i]), meaning_.of(c.parts[k])}) == Solver::Answer::no)
          return {expression_text(c.parts[i]), expression_text(c.parts[k])};
    return {};
  }

  void shadowed(const Decision& d, Literal holds) {
    const auto before = surely_before(s_.policy, d);
    if (before.empty()) return;
    std::vector<Literal> wanted = {holds};
    for (const Decision* b : before) wanted.push_back(-of(*b));
    const auto answer = ask(wanted);
    if (answer == Solver::Answer::open) return open(d, "whether earlier decisions leave it any request");
    if (answer == Solver::Answer::yes) return;
    std::vector<std::string> by;
    for (const Decision* b : before)
      if (ask({holds, -of(*b)}) == Solver::Answer::no) {
        by = {b->name};
        break;
      }
    if (by.empty())
      for (const Decision* b : before)
        if (ask({holds, of(*b)}) == Solver::Answer::yes) by.push_back(b->name);
    std::string example;
    if (ask({holds}) == Solver::Answer::yes) example = meaning_.example({&d.when});
    s_.add("shadowed-decision", d.where,
           fmt::format("decision '{}' never gets a request: '{}' {} all of them first", d.name, fmt::join(by, "', '"),
                       by.size() > 1 ? "together take" : "takes"),
           fmt::format("put it before '{}', or narrow the other", by.empty() ? "" : by[0]), std::move(example));
  }

  // Neither comes before the other for sure, and nothing but confidence and the name decides.
  void equals(std::size_t i, std::size_t k) {
    const auto &a = s_.policy.decisions[i], &b = s_.policy.decisions[k];
    if (s_.policy.strategy == Policy::Strategy::confidence || a.priority != b.priority || a.tier != b.tier) return;
    if (a.when.always() || b.when.always()) return;
    if (++pairs_ > most_pairs) {
      if (pairs_ == most_pairs + 1) open(b, "which others of its rank can match with it");
      return;
    }
    if (ask({holds_[i], holds_[k]}) != Solver::Answer::yes) return;
    s_.add(
        "equal-priority", b.where,
        fmt::format("decisions '{}' and '{}' have the same rank and can both match: confidence decides, then the name",
                    a.name, b.name),
        "give them different priorities", meaning_.example({&a.when, &b.when}));
  }

  void catch_all() {
    const auto& all = s_.policy.decisions;
    if (all.empty()) return;
    std::vector<Literal> wanted;
    std::vector<const Condition*> about;
    for (std::size_t i = 0; i < all.size(); ++i) {
      wanted.push_back(-holds_[i]);
      about.push_back(&all[i].when);
    }
    const auto answer = ask(wanted);
    if (answer == Solver::Answer::open) return open(all.back(), "whether every request finds a decision");
    if (answer == Solver::Answer::no) return;
    s_.add("missing-catch-all", s_.policy.where, "there are requests that no decision takes",
           "add a decision without a condition at the end", meaning_.example(about));
  }

  Scope& s_;
  Meaning& meaning_;
  std::vector<Literal> holds_;
  std::vector<bool> dead_;
  std::size_t pairs_ = 0;  // of one rank that were compared
};

}  // namespace

void check_logic(Scope& s, Meaning& m) { Logic(s, m).check(); }

}  // namespace wattline::policy
