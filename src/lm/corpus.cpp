#include "lm/corpus.h"

#include <cassert>
#include <functional>

#include "kernel/error.h"
#include "kernel/table.h"
#include "lm_data_embedded.h"

namespace wattline::lm {
namespace {

using Row = std::vector<std::string_view>;

void each_row(std::string_view name, std::size_t fields, const std::function<void(const Row&)>& use) {
  for_each_csv_row(data_file(name), ',', name, [&](std::size_t row, const Row& cells) {
    if (cells.size() != fields)
      throw bad_input("a row of the built-in corpus has the wrong number of fields",
                      std::string(name) + ":" + std::to_string(row));
    static constexpr std::string_view headers[] = {"task", "kind", "from"};
    for (auto header : headers)
      if (cells[0] == header) return;
    use(cells);
  });
}

Corpus load() {
  Corpus c;
  each_row("phrasings.csv", 3, [&](const Row& r) {
    const std::string task(r[0]);
    if (r[1] != "test") c.phrasings[{task, Split::train}].emplace_back(r[2]);
    if (r[1] != "train") c.phrasings[{task, Split::test}].emplace_back(r[2]);
  });
  each_row("facts.csv", 3, [&](const Row& r) { c.facts[std::string(r[0])].emplace_back(r[1], r[2]); });
  each_row("words.csv", 2, [&](const Row& r) { c.words[std::string(r[0])].emplace_back(r[1]); });
  each_row("conversions.csv", 3, [&](const Row& r) {
    c.conversions.push_back({std::string(r[0]), std::string(r[1]), std::stoi(std::string(r[2]))});
  });
  return c;
}

}  // namespace

const Corpus& Corpus::get() {
  static const Corpus corpus = load();
  return corpus;
}

const std::vector<std::string>& Corpus::phrasings_of(const std::string& task, Split split) const {
  const auto found = phrasings.find({task, split});
  assert(found != phrasings.end());
  return found->second;
}

bool has_data_file(std::string_view name) {
  for (const auto& file : lm_data())
    if (file.name == name) return true;
  return false;
}

std::string_view data_file(std::string_view name) {
  for (const auto& file : lm_data())
    if (file.name == name) return file.content;
  assert(!"the data file is not embedded");
  return {};
}

}  // namespace wattline::lm
