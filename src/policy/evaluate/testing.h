// A made workload whose truth is known, for tests of evaluation.
#pragma once

#include <random>
#include <string>

#include "policy/evaluate/workload.h"

namespace wattline::policy::tests {

// Questions of four subjects. The small model is right with 0.9 in cooking and history, with 0.3 in algebra and law,
// the large with 0.9 in all; 10 and 100 J.
inline Workload four_subjects(std::size_t n, std::uint64_t seed = 1) {
  static const char* subjects[] = {"cooking", "history", "algebra", "law"};
  static const char* words[4][5] = {{"soup", "oven", "salt", "bread", "butter"},
                                    {"empire", "war", "treaty", "king", "revolt"},
                                    {"matrix", "group", "field", "root", "vector"},
                                    {"court", "contract", "tort", "appeal", "statute"}};
  static const char* fill[] = {"which", "of", "the", "following", "is", "true", "about", "a", "an", "good"};
  std::mt19937_64 random(seed);
  const auto unit = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  Workload w;
  w.name = "made";
  w.models = {"small", "large"};
  w.has_domains = w.has_energy = w.has_lengths = true;
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t s = random() % 4;
    RecordedPrompt p;
    p.id = std::to_string(i);
    p.domain = subjects[s];
    for (int k = 0; k < 12; ++k)
      p.prompt += std::string(random() % 3 ? fill[random() % 10] : words[s][random() % 5]) + " ";
    p.prompt += std::to_string(i);
    p.prompt_tokens = 20;
    p.answers.resize(2);
    p.answers[0].quality = unit() < (s < 2 ? 0.9 : 0.3);
    p.answers[1].quality = unit() < 0.9;
    p.answers[0].energy = 10, p.answers[1].energy = 100;
    p.answers[0].output_tokens = p.answers[1].output_tokens = 50;
    p.answers[0].seconds = 1, p.answers[1].seconds = 3;
    w.rows.push_back(std::move(p));
  }
  return w;
}

}  // namespace wattline::policy::tests
