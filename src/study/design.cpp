#include "study/design.h"

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <set>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"

namespace wattline::study {
namespace {

void check(const std::vector<Factor>& factors) {
  if (factors.empty()) throw bad_input("no factors are given", "factors", "as in: batch = [32, 128]");
  if (factors.size() > most_factors)
    throw bad_input(fmt::format("{} factors; at most {} are allowed", factors.size(), most_factors), "factors");
  std::set<std::string> names;
  for (const auto& f : factors) {
    if (!names.insert(f.name).second) throw bad_input(fmt::format("the factor '{}' is there twice", f.name), "factors");
    if (f.levels.size() < 2)
      throw bad_input(fmt::format("{} level; two or more are needed", f.levels.size()), "factors." + f.name,
                      "what does not vary belongs into the command");
    const std::set<std::string> levels(f.levels.begin(), f.levels.end());
    if (levels.size() != f.levels.size()) throw bad_input("a level is there twice", "factors." + f.name);
  }
}

// A factor as a bit; products of two-level factors are exclusive ors.
using Word = std::uint32_t;

std::string name_of(Word word, const std::vector<Factor>& factors) {
  std::string out;
  for (std::size_t i = 0; i < factors.size(); ++i)
    if (word >> i & 1) out += (out.empty() ? "" : "*") + factors[i].name;
  return out;
}

// What is constant in the fraction: all products of the generators' words.
std::vector<Word> defining_relation(const std::vector<Word>& words) {
  std::vector<Word> all;
  for (std::size_t subset = 1; subset < std::size_t{1} << words.size(); ++subset) {
    Word w = 0;
    for (std::size_t i = 0; i < words.size(); ++i)
      if (subset >> i & 1) w ^= words[i];
    all.push_back(w);
  }
  return all;
}

void find_aliases(Design& d, const std::vector<Word>& relation) {
  std::vector<Word> effects;
  const std::size_t n = d.factors.size();
  for (std::size_t i = 0; i < n; ++i) effects.push_back(Word{1} << i);
  for (std::size_t i = 0; i < n; ++i)
    for (std::size_t j = i + 1; j < n; ++j) effects.push_back(Word{1} << i | Word{1} << j);
  std::map<Word, std::size_t> known;
  for (std::size_t i = 0; i < effects.size(); ++i) known[effects[i]] = i;
  for (std::size_t i = 0; i < effects.size(); ++i)
    for (const Word w : relation)
      if (const auto it = known.find(effects[i] ^ w); it != known.end() && it->second > i)
        d.aliases.emplace_back(name_of(effects[i], d.factors), name_of(it->first, d.factors));
}

}  // namespace

Generator parse_generator(const std::string& text) {
  const auto refuse = [&] {
    return bad_input(fmt::format("'{}' is no generator", text), "generators",
                     "as in \"epochs = precision * batch\", with the names of factors");
  };
  const auto equals = text.find('=');
  if (equals == text.npos) throw refuse();
  Generator out;
  out.factor = csv::trimmed(std::string_view(text).substr(0, equals));
  std::string_view rest = csv::trimmed(std::string_view(text).substr(equals + 1));
  if (rest.starts_with('-')) {
    out.negative = true;
    rest = csv::trimmed(rest.substr(1));
  }
  while (true) {
    const auto stop = std::min(rest.find('*'), rest.size());
    out.product.emplace_back(csv::trimmed(rest.substr(0, stop)));
    if (out.product.back().empty()) throw refuse();
    if (stop == rest.size()) break;
    rest.remove_prefix(stop + 1);
  }
  if (out.factor.empty()) throw refuse();
  return out;
}

Design make_design(std::vector<Factor> factors, std::vector<Generator> generators) {
  check(factors);
  Design d;
  d.factors = std::move(factors);
  d.generators = std::move(generators);
  std::vector<std::string> names;
  for (const auto& f : d.factors) names.push_back(f.name);
  const auto index = [&](const std::string& name) {
    const auto it = std::find(names.begin(), names.end(), name);
    if (it == names.end()) throw unknown_name("factor", name, names).at("generators");
    return static_cast<std::size_t>(it - names.begin());
  };
  std::map<std::size_t, std::pair<Word, bool>> made;  // by factor
  for (const auto& g : d.generators) {
    Word word = 0;
    for (const auto& name : g.product) word ^= Word{1} << index(name);
    if (!made.emplace(index(g.factor), std::pair(word, g.negative)).second)
      throw bad_input(fmt::format("'{}' is generated twice", g.factor), "generators");
  }
  std::vector<Word> words;
  for (const auto& [factor, by] : made) {
    if (std::any_of(d.factors.begin(), d.factors.end(), [](const Factor& f) { return f.levels.size() != 2; }))
      throw bad_input("a fraction needs factors of two levels each", "generators",
                      "leave the generators out, or the levels between");
    for (const auto& [other, unused] : made)
      if (by.first >> other & 1)
        throw bad_input(fmt::format("'{}' is made of '{}', which is itself generated", names[factor], names[other]),
                        "generators", "products are of factors that are not generated");
    if (by.first == 0) throw bad_input(fmt::format("'{}' is made of nothing", names[factor]), "generators");
    words.push_back(by.first | Word{1} << factor);
  }

  std::size_t count = 1;
  for (std::size_t i = 0; i < d.factors.size(); ++i)
    if (!made.contains(i) && (count *= d.factors[i].levels.size()) > most_cells)
      throw bad_input(fmt::format("more than {} combinations of levels", most_cells), "factors",
                      "fewer levels, or a fraction by generators");
  for (std::size_t n = 0; n < count; ++n) {
    std::vector<std::size_t> cell(d.factors.size());
    std::size_t rest = n;
    for (std::size_t i = 0; i < d.factors.size(); ++i) {
      if (made.contains(i)) continue;
      cell[i] = rest % d.factors[i].levels.size();
      rest /= d.factors[i].levels.size();
    }
    for (const auto& [factor, by] : made) {
      // The product is +1 when an even number of its factors is at the first level, which is -1.
      std::size_t low = by.second ? 1 : 0;
      for (std::size_t i = 0; i < d.factors.size(); ++i) low += by.first >> i & 1 && cell[i] == 0;
      cell[factor] = low % 2 == 0 ? 1 : 0;
    }
    d.cells.push_back(std::move(cell));
  }
  if (words.empty()) return d;
  const std::vector<Word> relation = defining_relation(words);
  d.resolution = SIZE_MAX;
  for (const Word w : relation) d.resolution = std::min<std::size_t>(d.resolution, std::popcount(w));
  find_aliases(d, relation);
  return d;
}

std::vector<std::vector<std::size_t>> randomised_blocks(std::size_t cells, std::size_t blocks, std::mt19937_64 random) {
  std::vector<std::vector<std::size_t>> out;
  for (std::size_t b = 0; b < blocks; ++b) {
    std::vector<std::size_t> order(cells);
    std::iota(order.begin(), order.end(), std::size_t{0});
    // Not std::shuffle: the same seed shall give the same plan everywhere.
    for (std::size_t i = cells; i > 1; --i) std::swap(order[i - 1], order[random() % i]);
    out.push_back(std::move(order));
  }
  return out;
}

}  // namespace wattline::study
