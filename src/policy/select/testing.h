// Candidates and situations for tests of selection.
#pragma once

#include <cmath>
#include <random>
#include <string>
#include <vector>

#include "policy/selection.h"

namespace wattline::policy::tests {

// Small, middle and large: the larger the better and the costlier.
inline std::vector<Prediction> three() {
  std::vector<Prediction> c(3);
  const char* names[] = {"small", "middle", "large"};
  for (std::size_t i = 0; i < 3; ++i) {
    const double x = static_cast<double>(i);
    c[i].model = names[i];
    c[i].quality = 0.6 + 0.15 * x;
    c[i].quality_low = c[i].quality - 0.05;
    c[i].energy = 10 * std::pow(4, x);
    c[i].carbon = c[i].energy / 1e4;
    c[i].money = 1e-4 * std::pow(5, x);
    c[i].latency = 1 + x;
    c[i].ttft = 0.1 * (1 + x);
    c[i].tpot = 0.01 * (1 + x);
    c[i].output_tokens = 200;
    c[i].context_window = 4096 << (2 * i);
  }
  return c;
}

inline Choice choose(const Selector& s, const std::vector<Prediction>& c, const Situation& situation = {},
                     std::uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<double> scores(c.size());
  return s.choose(c, situation, random, scores);
}

inline std::vector<double> chances(const Selector& s, const std::vector<Prediction>& c,
                                   const Situation& situation = {}) {
  std::vector<double> scores(c.size()), out(c.size());
  s.weigh(c, situation, scores, out);
  return out;
}

inline std::unique_ptr<Selector> made(std::string_view name, std::string_view settings = "{}") {
  return make_selector(name, parse_json(settings), "test");
}

}  // namespace wattline::policy::tests
