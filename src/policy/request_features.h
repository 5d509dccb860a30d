// A request as numbers, for algorithms that learn what each model is good for: cheap, without any model, and of what is
// asked only what cannot be read back. Each is about 0 to 1.
//
//   0  length of the prompt, ln(1 + tokens) / 12     4  tools offered, of 16
//   1  turns before this one, of 8                   5  share of digits in the question
//   2  room for the answer, ln(1 + tokens) / 12,     6  share of bytes that are no ASCII
//      0.5 where the request sets none               7  share of marks as in code: {}[]()<>=;_/\|
//   3  a tool's result came last
#pragma once

#include <array>
#include <cstdint>

#include "policy/request.h"

namespace wattline::policy {

inline constexpr std::size_t request_feature_count = 8;
using RequestFeatures = std::array<float, request_feature_count>;

// Of the question the first 4,096 bytes are looked at. `prompt_tokens`, history included, as estimated elsewhere.
RequestFeatures request_features(const RequestView&, std::int64_t prompt_tokens, int turn, bool tool_loop);

}  // namespace wattline::policy
