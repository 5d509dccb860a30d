// What the signals of a policy can be at once: a variable for each, and what is known to exclude or imply what.
//
// Known: one member of a partition matches; of the levels of a complexity rule one, and only where its composer does; of
// the bands of a mapping the first that holds the score, within what the score can reach; context, conversation counts
// and what is known of the world are ranges of one number each; a text has one language; a keyword rule whose keywords
// another has, too, implies it; a knowledge base has one best label. Failing signals are left out of account.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "policy/check/range.h"
#include "policy/check/solver.h"
#include "policy/document.h"

namespace wattline::policy {

class Meaning {
 public:
  explicit Meaning(const Policy&);

  Solver& solver() { return solver_; }
  Literal of(const Condition&);
  Literal of(const std::string& type, const std::string& name);
  // Whether two of these exclude each other by what is known, not by the condition itself.
  bool known(const std::string& type, const std::string& name) const;

  // After a yes: a request for which it is so, in words: what these conditions refer to and what matches of it.
  std::string example(const std::vector<const Condition*>& about) const;
  // The tokens of that request; a negative number when nothing depends on them.
  double tokens() const;

 private:
  using Name = std::pair<std::string, std::string>;
  struct Line {  // a number of which signals are ranges
    std::string unit;
    std::vector<double> values;
    std::vector<Literal> pieces;
  };

  void partitions();
  void complexity();
  void mappings();
  void numbers();
  void languages();
  void keywords();
  void labels();
  void line(const std::string& unit, const std::vector<std::pair<Name, Range>>& members, const Range& within,
            bool whole, bool may_be_unknown);
  void say(const Signal&, std::string& text, std::vector<std::string>& parts,
           const std::vector<std::string>& forbidden) const;
  double at(const Line&) const;

  const Policy& policy_;
  Solver solver_;
  std::map<Name, Literal> atoms_;
  std::vector<Line> lines_;
};

// The signals that a condition refers to, each once.
std::vector<std::pair<std::string, std::string>> leaves(const Condition&);
// Those without a NOT around them.
std::vector<std::pair<std::string, std::string>> positive_leaves(const Condition&);

}  // namespace wattline::policy
