// The arithmetic of a model's shape: which tensors it has and how many numbers they hold.
#include <fmt/format.h>

#include "kernel/error.h"
#include "lm/model.h"

namespace wattline::lm {

std::int64_t Shape::parameters() const {
  std::int64_t total = 0;
  for (const auto& spec : tensor_specs(*this)) {
    std::int64_t count = 1;
    for (auto n : spec.shape) count *= n;
    total += count;
  }
  return total;
}

void Shape::check(std::string_view where) const {
  const auto within = [&](std::string_view name, int value, int low, int high) {
    if (value < low || value > high)
      throw bad_input(fmt::format("{} is {}; allowed is {} to {}", name, value, low, high), std::string(where));
  };
  within("dim", dim, 2, 8192);
  within("hidden", hidden, 1, 32768);
  within("layers", layers, 1, 128);
  within("heads", heads, 1, 256);
  within("kv_heads", kv_heads, 1, heads);
  within("vocabulary", vocabulary, 1, 1 << 20);
  within("context", context, 2, 1 << 17);
  if (dim % heads != 0 || head_size() % 2 != 0)
    throw bad_input(fmt::format("dim {} does not part into {} heads of even size", dim, heads), std::string(where));
  if (heads % kv_heads != 0)
    throw bad_input(fmt::format("{} heads cannot share {} kv_heads evenly", heads, kv_heads), std::string(where));
  if (!(rope_base >= 1 && rope_base <= 1e9f))
    throw bad_input(fmt::format("rope_base is {}; allowed is 1 to 1e9", rope_base), std::string(where));
  if (!(norm_epsilon > 0 && norm_epsilon < 1))
    throw bad_input(fmt::format("norm_epsilon is {}; allowed is above 0 and below 1", norm_epsilon),
                    std::string(where));
}

std::vector<TensorSpec> tensor_specs(const Shape& s) {
  std::vector<TensorSpec> specs{{"embedding", {s.vocabulary, s.dim}}, {"norm", {s.dim}}};
  for (int l = 0; l < s.layers; ++l) {
    const std::string layer = fmt::format("layers.{}.", l);
    specs.push_back({layer + "attention_norm", {s.dim}});
    specs.push_back({layer + "q", {s.dim, s.dim}});
    specs.push_back({layer + "k", {s.kv_dim(), s.dim}});
    specs.push_back({layer + "v", {s.kv_dim(), s.dim}});
    specs.push_back({layer + "o", {s.dim, s.dim}});
    specs.push_back({layer + "ffn_norm", {s.dim}});
    specs.push_back({layer + "gate", {s.hidden, s.dim}});
    specs.push_back({layer + "up", {s.hidden, s.dim}});
    specs.push_back({layer + "down", {s.dim, s.hidden}});
  }
  return specs;
}

}  // namespace wattline::lm
