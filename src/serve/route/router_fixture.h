// For tests of virtual models: two built-in ones behind the router "auto", one several times as large as the other.
#pragma once

#include "serve/chaos_fixture.h"

namespace wattline::serve::tests {

inline constexpr std::string_view ask_auto =
    R"({"model":"auto","messages":[{"role":"user","content":"Hi"}],"max_tokens":8})";
inline constexpr std::string_view ask_auto_stream =
    R"({"model":"auto","messages":[{"role":"user","content":"Hi"}],"max_tokens":8,"stream":true})";

// Another model of weights that say nothing, several times as large.
inline std::shared_ptr<const lm::Model> large_model(const std::string& name) {
  lm::Shape shape = babbler()->shape();
  shape.dim = 96;
  shape.hidden = 256;
  shape.layers = 6;
  lm::Weights weights;
  for (const auto& spec : lm::tensor_specs(shape)) {
    std::size_t n = 1;
    for (auto d : spec.shape) n *= static_cast<std::size_t>(d);
    weights[spec.name].assign(n, 0.01f);
  }
  return std::make_shared<const lm::Model>(name, shape, weights, std::make_shared<lm::ByteTokenizer>(), "test");
}

struct TwoModels : TestGateway {
  TwoModels() {
    parts.models.push_back(large_model("second"));
    config.builtin.models.push_back("second");
    RouterConfig r;
    r.id = "auto";
    r.candidates = {{"babbler", 0.95, "test"}, {"second", 0.99, "test"}};
    config.routers = {r};
  }
  RouterConfig& router() { return config.routers[0]; }
};

}  // namespace wattline::serve::tests
