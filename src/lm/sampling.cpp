#include "lm/sampling.h"

#include <algorithm>
#include <cmath>
#include <vector>

namespace wattline::lm {

int likeliest(std::span<const float> logits) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < logits.size(); ++i)
    if (logits[i] > logits[best]) best = i;
  return static_cast<int>(best);
}

int sample(std::span<const float> logits, double temperature, double top_p, std::mt19937_64& random) {
  const int best = likeliest(logits);
  if (temperature <= 0) return best;
  struct Candidate {
    double weight;
    int token;
  };
  std::vector<Candidate> all;
  double total = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double weight =
        std::exp((static_cast<double>(logits[i]) - logits[static_cast<std::size_t>(best)]) / temperature);
    total += weight;
    all.push_back({weight, static_cast<int>(i)});
  }
  std::stable_sort(all.begin(), all.end(), [](const Candidate& a, const Candidate& b) { return a.weight > b.weight; });
  double kept = 0;
  std::size_t count = 0;
  while (count < all.size() && (count == 0 || kept < top_p * total)) kept += all[count++].weight;
  double at = static_cast<double>(random() >> 11) * 0x1p-53 * kept;
  for (std::size_t i = 0; i < count; ++i)
    if ((at -= all[i].weight) < 0) return all[i].token;
  return best;
}

double surprise(std::span<const float> logits, int token) {
  const double highest = logits[static_cast<std::size_t>(likeliest(logits))];
  double total = 0;
  for (float l : logits) total += std::exp(l - highest);
  return std::log(total) + highest - logits[static_cast<std::size_t>(token)];
}

}  // namespace wattline::lm
