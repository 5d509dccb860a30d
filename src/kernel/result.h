// What a capability answers: blocks in reading order, the factors used, warnings, and, where the
// question was yes or no, a verdict.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "kernel/estimate.h"
#include "kernel/figure.h"
#include "kernel/series.h"
#include "kernel/table.h"

namespace wattline {

// A named estimate: "energy  1.366 kWh (0.98 .. 1.9) modelled".
struct EstimateBlock {
  std::string name;  // stable key: "energy", "carbon"
  std::string label;  // for people: "Energy"
  Measure measure;
  std::string note;
};
struct Note {
  std::string text;
};
using Block = std::variant<EstimateBlock, Table, Series, Figure, Note>;

// A dated catalog row that entered the result.
struct FactorUse {
  std::string id, description, value, source, valid, licence;
};

struct Verdict {
  bool holds = true;
  std::string why;
};

struct Result {
  std::string title;
  std::vector<Block> blocks;
  std::vector<FactorUse> factors;
  std::vector<std::string> warnings;
  std::optional<Verdict> verdict;
  std::optional<int> exit_code;  // passes on another program's exit code (wattline run)

  template <class Q>
  Result& estimate(std::string name, std::string label, const Estimate<Q>& e, std::string_view unit = {},
                   std::string note = {}) {
    blocks.push_back(EstimateBlock{std::move(name), std::move(label), e.measure(unit), std::move(note)});
    return *this;
  }
  Result& add(Block block) {
    blocks.push_back(std::move(block));
    return *this;
  }
  Result& note(std::string text) { return add(Note{std::move(text)}); }
  Result& warn(std::string text) {
    warnings.push_back(std::move(text));
    return *this;
  }
  void use(FactorUse factor);  // once per id

  const EstimateBlock* find_estimate(std::string_view name) const;
  const Table* find_table(std::string_view schema_or_title) const;
};

// The derived forms. JSON keeps raw numbers whatever the text shows.
std::string to_json(const Result&, int indent = 2);
std::string to_text(const Result&, int width = 100, bool unicode = true);
std::string to_csv(const Result&);  // the first table, or the estimates as rows
std::string to_html(const Result&);  // one self-contained page

}  // namespace wattline
