// How many tokens a request will take, told from its body before anybody has counted them: what admission
// reserves and what is settled when the answer is known.
//
// input = ceil(text bytes / 4) + bytes of structured text (tool schemas, arguments of tool calls, tool
// results: a token a byte) + 8192 an image + 4 a message + 8 a tool call or tool result + 8 a tool; output =
// the most that the request allows (max_completion_tokens, max_tokens or max_output_tokens), for each of its
// n. Source: token estimation of the vLLM Semantic Router (arXiv 2603.21354 and its code); text inside an
// image (base64) is not text.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace wattline::serve {

struct TokenEstimate {
  double input = 0;
  std::optional<double> output;  // nothing: the request sets no limit
  double answers = 1;  // n
};

// Reads request bodies of any of the dialects. One for each thread: it keeps simdjson's buffers.
class TokenEstimator {
 public:
  TokenEstimator();
  ~TokenEstimator();
  TokenEstimator(TokenEstimator&&) noexcept;
  // `body` may be grown in capacity, never changed. What is no JSON object is taken for text.
  TokenEstimate read(std::string& body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// What one model's requests turned out to take against what was estimated. Safe from any thread; two that
// learn at once may lose one of the two, which a running mean forgives.
class TokenCalibration {
 public:
  static constexpr int needed = 10;  // samples before it is used
  static constexpr double usual_output = 256;  // tokens, until there are

  // Tokens to reserve.
  double of(const TokenEstimate&) const;
  // An answer that was completed: its tokens, and what had been estimated.
  void learn(const TokenEstimate&, std::int64_t tokens_in, std::int64_t tokens_out);

 private:
  // Bytes a token, as a multiple of what the estimate supposes. Conservative: it follows 90 % of the way when
  // a token turns out to be fewer bytes than thought, 10 % when it is more (same source).
  std::atomic<double> ratio_{1}, output_{usual_output};
  std::atomic<int> samples_{0};
};

}  // namespace wattline::serve
