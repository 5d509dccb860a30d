#include "serve/engine_metrics.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace wattline::serve {
namespace {

enum class Kind { waiting, running, cache };
struct Name {
  std::string_view name;
  Kind kind;
};
constexpr std::array<Name, 10> names{{
    {"vllm:num_requests_waiting", Kind::waiting},
    {"vllm:num_requests_running", Kind::running},
    {"vllm:kv_cache_usage_perc", Kind::cache},
    {"vllm:gpu_cache_usage_perc", Kind::cache},
    {"llamacpp:requests_deferred", Kind::waiting},
    {"llamacpp:requests_processing", Kind::running},
    {"llamacpp:kv_cache_usage_ratio", Kind::cache},
    {"sglang:num_queue_reqs", Kind::waiting},
    {"sglang:num_running_reqs", Kind::running},
    {"sglang:token_usage", Kind::cache},
}};

bool is_blank(char c) { return c == ' ' || c == '\t'; }

// After `{`: what follows the closing brace, quotes and their escapes minded. Nothing when it does not close.
std::optional<std::string_view> after_labels(std::string_view line) {
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '\\') ++i;
    else if (c == '"') quoted = !quoted;
    else if (c == '}' && !quoted) return line.substr(i + 1);
  }
  return std::nullopt;
}

std::optional<double> value_of(std::string_view rest) {
  while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
  double v = 0;
  const auto [end, ec] = std::from_chars(rest.data(), rest.data() + rest.size(), v);
  if (ec != std::errc() || !std::isfinite(v) || v < 0) return std::nullopt;
  if (end != rest.data() + rest.size() && !is_blank(*end) && *end != '\r') return std::nullopt;  // a time may follow
  return v;
}

}  // namespace

std::optional<EngineLoad> read_engine_metrics(std::string_view text) {
  EngineLoad out;
  bool told = false;
  while (!text.empty()) {
    const auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty() || line.front() == '#') continue;
    for (const auto& n : names) {
      if (!line.starts_with(n.name)) continue;
      std::optional<std::string_view> rest = line.substr(n.name.size());
      if (rest->empty() || (!is_blank(rest->front()) && rest->front() != '{')) continue;  // a longer name
      if (rest->front() == '{') rest = after_labels(rest->substr(1));
      const auto v = rest ? value_of(*rest) : std::nullopt;
      if (!v) break;
      switch (n.kind) {
        case Kind::waiting: out.waiting += *v; break;
        case Kind::running: out.running += *v; break;
        case Kind::cache: out.cache_used = std::max(out.cache_used.value_or(0), std::min(*v, 1.0)); break;
      }
      told = told || n.kind != Kind::cache;
      break;
    }
  }
  if (!told || !std::isfinite(out.waiting) || !std::isfinite(out.running)) return std::nullopt;
  return out;
}

}  // namespace wattline::serve
