// A small satisfiability solver (Davis, Putnam, Logemann, Loveland: unit propagation over watched literals, branching on
// what a question is about, false first). Policies have some hundred variables; what takes longer than its cap is open.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace wattline::policy {

// A variable or its negation: 1, 2, ... and -1, -2, ...
using Literal = int;

class Solver {
 public:
  enum class Answer { yes, no, open };

  Literal variable() { return ++variables_; }
  int variables() const { return variables_; }
  void clause(std::vector<Literal>);  // one of these holds
  void at_most_one(std::span<const Literal>);
  void exactly_one(std::span<const Literal>);
  // A literal that holds when all, or when any, of the parts do.
  Literal all(std::vector<Literal>);
  Literal any(std::vector<Literal>);

  // Can all of these hold at once? `cap`: the most branches tried.
  Answer solve(std::span<const Literal> wanted, std::size_t cap = 20'000);
  // After a yes: what the variable is.
  bool value(Literal) const;

 private:
  static std::size_t index(Literal l) { return 2 * static_cast<std::size_t>(l < 0 ? -l : l) + (l < 0); }
  bool assign(Literal);
  bool propagate();
  void undo(std::size_t size);
  std::vector<Literal> about(std::span<const Literal> wanted) const;

  int variables_ = 0;
  std::vector<std::vector<Literal>> clauses_, definitions_;  // definitions_[v]: parts of a defined variable
  std::vector<std::vector<std::size_t>> watched_;
  std::vector<signed char> values_;  // by variable: 0 open, 1 true, -1 false
  std::vector<Literal> trail_;
  std::size_t done_ = 0;
};

}  // namespace wattline::policy
