// What of a prompt says how hard it is and no n-gram can count: how many numbers it holds and how long they are, how
// long its words are, which signs of arithmetic, code and structure are there. Buckets, each a place of its own, so
// that a linear head can weigh each; of length 1 together. In the form of an encoder, so that heads take it as one.
#pragma once

#include "text/encoder.h"

namespace wattline::policy {

class PromptShape : public text::Encoder {
 public:
  static constexpr std::size_t values = 91;

  std::string_view name() const override { return "prompt-shape"; }
  std::size_t width() const override { return values; }
  std::string_view fingerprint() const override { return "prompt-shape-1"; }
  std::string_view limits() const override { return "any language; counts and lengths alone"; }
  text::EncodeFacts encode(std::string_view text, std::span<float> out) const override;
  // There is nothing by token: one row for the whole.
  text::EncodeFacts encode_tokens(std::string_view text, std::vector<float>& rows) const override;
};

}  // namespace wattline::policy
