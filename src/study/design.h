// Experiments of factors and levels: which runs, in which order.
//
// A full factorial runs each combination of levels; a fraction of a two-level factorial derives factors from products
// of others by generators (Box and Hunter, Technometrics 3, 1961), and what it cannot tell apart is worked out and told.
// Each block is one pass over all combinations in random order (a randomised complete block design): what drifts from
// block to block cannot pass for an effect, and what drifts within one is spread by chance.
#pragma once

#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace wattline::study {

struct Factor {
  std::string name;
  std::vector<std::string> levels;  // of two-level ones the first is -1
};

// "epochs = precision * batch": of a two-level factor the product of others' signs; with '-' before it, reversed.
struct Generator {
  std::string factor;
  std::vector<std::string> product;
  bool negative = false;
};
// Error when it is not of that form.
Generator parse_generator(const std::string& text);

struct Design {
  std::vector<Factor> factors;
  std::vector<Generator> generators;
  // Combinations of levels, by factor; in the order of the factors, the first changing fastest.
  std::vector<std::vector<std::size_t>> cells;
  // Of a fraction: the length of the shortest product that is constant (3: main effects stand for interactions of
  // two; 5: interactions of two are told apart), found by going through all of them; 0: full.
  std::size_t resolution = 0;
  // Pairs of effects that are one ("epochs", "precision*batch"), up to interactions of two factors.
  std::vector<std::pair<std::string, std::string>> aliases;
};
// Error: no factors, names twice, fewer than two levels or the same twice, generators of factors with other than two
// levels, of themselves or of generated ones, over `most_cells` combinations.
inline constexpr std::size_t most_cells = 10'000, most_factors = 20;
Design make_design(std::vector<Factor>, std::vector<Generator>);

// Orders of `blocks` blocks of `cells` runs, each block in an order of its own.
std::vector<std::vector<std::size_t>> randomised_blocks(std::size_t cells, std::size_t blocks, std::mt19937_64);

}  // namespace wattline::study
