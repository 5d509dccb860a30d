#include "policy/request_features.h"

#include <algorithm>
#include <cmath>

namespace wattline::policy {
namespace {

constexpr std::size_t most_bytes = 4096;

float length(std::int64_t tokens) {
  return static_cast<float>(std::min(1.0, std::log1p(static_cast<double>(std::max<std::int64_t>(0, tokens))) / 12));
}

}  // namespace

RequestFeatures request_features(const RequestView& r, std::int64_t prompt_tokens, int turn, bool tool_loop) {
  const std::string_view query = r.query().substr(0, most_bytes);
  std::size_t digits = 0, beyond = 0, marks = 0;
  for (const char c : query) {
    digits += c >= '0' && c <= '9';
    beyond += static_cast<unsigned char>(c) >= 0x80;
    marks += std::string_view("{}[]()<>=;_/\\|").find(c) != std::string_view::npos;
  }
  const auto share = [&](std::size_t n) {
    return query.empty() ? 0.f : static_cast<float>(n) / static_cast<float>(query.size());
  };
  RequestFeatures out{};
  out[0] = length(prompt_tokens);
  out[1] = std::min(1.f, static_cast<float>(turn) / 8);
  out[2] = r.max_output_tokens ? length(*r.max_output_tokens) : 0.5f;
  out[3] = tool_loop;
  out[4] = std::min(1.f, static_cast<float>(r.tools.size()) / 16);
  out[5] = share(digits);
  out[6] = share(beyond);
  out[7] = share(marks);
  return out;
}

}  // namespace wattline::policy
