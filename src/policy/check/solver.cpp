#include "policy/check/solver.h"

#include <algorithm>

namespace wattline::policy {

void Solver::clause(std::vector<Literal> literals) {
  std::sort(literals.begin(), literals.end());
  literals.erase(std::unique(literals.begin(), literals.end()), literals.end());
  for (const Literal l : literals)
    if (std::binary_search(literals.begin(), literals.end(), -l)) return;  // always holds
  clauses_.push_back(std::move(literals));
}

void Solver::at_most_one(std::span<const Literal> all) {
  if (all.size() <= 6) {
    for (std::size_t i = 0; i < all.size(); ++i)
      for (std::size_t k = i + 1; k < all.size(); ++k) clause({-all[i], -all[k]});
    return;
  }
  // Of many by a ladder: a variable for "one of those up to here", so that the clauses grow with their number alone.
  Literal before = all[0];
  for (std::size_t i = 1; i < all.size(); ++i) {
    clause({-before, -all[i]});
    const Literal up_to = variable();
    clause({-before, up_to});
    clause({-all[i], up_to});
    before = up_to;
  }
}

void Solver::exactly_one(std::span<const Literal> all) {
  at_most_one(all);
  clause({all.begin(), all.end()});
}

Literal Solver::all(std::vector<Literal> parts) {
  for (Literal& l : parts) l = -l;
  return -any(std::move(parts));
}

Literal Solver::any(std::vector<Literal> parts) {
  if (parts.size() == 1) return parts[0];
  const Literal out = variable();
  for (const Literal l : parts) clause({-l, out});
  definitions_.resize(static_cast<std::size_t>(out) + 1);
  definitions_[static_cast<std::size_t>(out)] = parts;
  parts.push_back(-out);
  clause(std::move(parts));
  return out;
}

bool Solver::value(Literal l) const {
  const auto v = static_cast<std::size_t>(l < 0 ? -l : l);
  return (v < values_.size() && values_[v] > 0) == (l > 0);
}

bool Solver::assign(Literal l) {
  auto& v = values_[static_cast<std::size_t>(l < 0 ? -l : l)];
  if (v != 0) return (v > 0) == (l > 0);
  v = l > 0 ? 1 : -1;
  trail_.push_back(l);
  return true;
}

bool Solver::propagate() {
  const auto is = [&](Literal l, int sign) {
    return values_[static_cast<std::size_t>(l < 0 ? -l : l)] * (l < 0 ? -1 : 1) == sign;
  };
  while (done_ < trail_.size()) {
    // The clauses that watch what has just become false look for another literal.
    const Literal false_now = -trail_[done_++];
    auto& watching = watched_[index(false_now)];
    for (std::size_t i = 0; i < watching.size();) {
      auto& c = clauses_[watching[i]];
      if (c[0] == false_now) std::swap(c[0], c[1]);
      if (is(c[0], 1)) {
        ++i;
        continue;
      }
      const auto other = std::find_if(c.begin() + 2, c.end(), [&](Literal l) { return !is(l, -1); });
      if (other != c.end()) {
        std::swap(c[1], *other);
        watched_[index(c[1])].push_back(watching[i]);
        watching[i] = watching.back();
        watching.pop_back();
        continue;
      }
      if (!assign(c[0])) return false;
      ++i;
    }
  }
  return true;
}

void Solver::undo(std::size_t size) {
  for (; trail_.size() > size; trail_.pop_back())
    values_[static_cast<std::size_t>(trail_.back() < 0 ? -trail_.back() : trail_.back())] = 0;
  done_ = size;
}

// The variables that a question is about, those that come most often first.
std::vector<Literal> Solver::about(std::span<const Literal> wanted) const {
  std::vector<std::size_t> seen(static_cast<std::size_t>(variables_) + 1);
  std::vector<Literal> open(wanted.begin(), wanted.end()), atoms;
  while (!open.empty()) {
    const auto v = static_cast<std::size_t>(open.back() < 0 ? -open.back() : open.back());
    open.pop_back();
    const bool defined = v < definitions_.size() && !definitions_[v].empty();
    if (seen[v]++ > 0 && defined) continue;
    if (defined) open.insert(open.end(), definitions_[v].begin(), definitions_[v].end());
    else if (seen[v] == 1) atoms.push_back(static_cast<Literal>(v));
  }
  std::stable_sort(atoms.begin(), atoms.end(), [&](Literal a, Literal b) {
    return seen[static_cast<std::size_t>(a)] > seen[static_cast<std::size_t>(b)];
  });
  // Whatever else there is comes behind: the answer must be one for all.
  for (Literal v = 1; v <= variables_; ++v)
    if (!seen[static_cast<std::size_t>(v)]) atoms.push_back(v);
  return atoms;
}

Solver::Answer Solver::solve(std::span<const Literal> wanted, std::size_t cap) {
  values_.assign(static_cast<std::size_t>(variables_) + 1, 0);
  watched_.assign(2 * (static_cast<std::size_t>(variables_) + 1), {});
  trail_.clear();
  done_ = 0;
  for (std::size_t i = 0; i < clauses_.size(); ++i) {
    const auto& c = clauses_[i];
    if (c.empty()) return Answer::no;
    if (c.size() == 1) {
      if (!assign(c[0])) return Answer::no;
      continue;
    }
    watched_[index(c[0])].push_back(i);
    watched_[index(c[1])].push_back(i);
  }
  for (const Literal l : wanted)
    if (!assign(l)) return Answer::no;
  if (!propagate()) return Answer::no;

  struct Branch {
    std::size_t trail;
    Literal literal;
    bool turned;
  };
  std::vector<Branch> branches;
  const auto order = about(wanted);
  std::size_t tried = 0;
  while (true) {
    const auto next =
        std::find_if(order.begin(), order.end(), [&](Literal v) { return values_[static_cast<std::size_t>(v)] == 0; });
    if (next == order.end()) return Answer::yes;
    if (++tried > cap) return Answer::open;
    branches.push_back({trail_.size(), -*next, false});
    bool holds = assign(-*next) && propagate();
    while (!holds) {
      while (!branches.empty() && branches.back().turned) branches.pop_back();
      if (branches.empty()) return Answer::no;
      Branch& b = branches.back();
      undo(b.trail);
      b.turned = true;
      b.literal = -b.literal;
      holds = assign(b.literal) && propagate();
    }
  }
}

}  // namespace wattline::policy
