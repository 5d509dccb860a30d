// The words of the tasks: phrasings, facts, nouns and unit conversions, read once from the data files
// embedded from src/lm/data.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "lm/tasks.h"

namespace wattline::lm {

struct Corpus {
  struct Conversion {
    std::string from, to;
    int factor;
  };
  std::map<std::pair<std::string, Split>, std::vector<std::string>> phrasings;  // by task
  std::map<std::string, std::vector<std::pair<std::string, std::string>>> facts;  // by kind
  std::map<std::string, std::vector<std::string>> words;  // by kind
  std::vector<Conversion> conversions;

  static const Corpus& get();
  const std::vector<std::string>& phrasings_of(const std::string& task, Split) const;
};

// The content of an embedded file; asserts that it exists.
std::string_view data_file(std::string_view name);
bool has_data_file(std::string_view name);

}  // namespace wattline::lm
