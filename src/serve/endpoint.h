// The shapes in which a model is asked, each at a path of its own: what clients use and what upstreams serve.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace wattline::serve {

enum class Endpoint : unsigned char { chat, completions, embeddings, responses, messages };
inline constexpr std::size_t endpoint_count = 5;

// As configurations name it, and its path under "/v1".
struct EndpointNames {
  std::string_view name, path;
};
inline constexpr std::array<EndpointNames, endpoint_count> endpoint_names = {{{"chat", "/chat/completions"},
                                                                              {"completions", "/completions"},
                                                                              {"embeddings", "/embeddings"},
                                                                              {"responses", "/responses"},
                                                                              {"messages", "/messages"}}};

constexpr std::string_view to_string(Endpoint e) { return endpoint_names[static_cast<std::size_t>(e)].name; }
constexpr std::string_view path_of(Endpoint e) { return endpoint_names[static_cast<std::size_t>(e)].path; }

// What it does, as the semantic conventions of OpenTelemetry for GenAI name it.
constexpr std::string_view operation_of(Endpoint e) {
  return e == Endpoint::completions ? "text_completion" : e == Endpoint::embeddings ? "embeddings" : "chat";
}

// Of "/v1/messages"; nothing when it is none of them.
inline std::optional<Endpoint> endpoint_at(std::string_view path) {
  if (!path.starts_with("/v1/")) return std::nullopt;
  for (std::size_t i = 0; i < endpoint_count; ++i)
    if (path.substr(3) == endpoint_names[i].path) return static_cast<Endpoint>(i);
  return std::nullopt;
}

// A set of them.
class Endpoints {
 public:
  constexpr Endpoints() = default;
  constexpr Endpoints& add(Endpoint e) {
    bits_ |= 1u << static_cast<unsigned>(e);
    return *this;
  }
  constexpr Endpoints& add(Endpoints more) {
    bits_ |= more.bits_;
    return *this;
  }
  constexpr bool has(Endpoint e) const { return (bits_ >> static_cast<unsigned>(e)) & 1u; }
  constexpr bool empty() const { return bits_ == 0; }

 private:
  unsigned bits_ = 0;
};

}  // namespace wattline::serve
