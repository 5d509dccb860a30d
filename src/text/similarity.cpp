#include "text/similarity.h"

namespace wattline::text {

Similarity similarity(const Encoder& encoder, std::string_view candidate, std::string_view reference) {
  std::vector<float> a, b;
  encoder.encode_tokens(candidate, a);
  encoder.encode_tokens(reference, b);
  if (a.empty() && b.empty()) return {1, 1, 1};
  Similarity out;
  out.precision = max_similarity(a, b, encoder.width());
  out.recall = max_similarity(b, a, encoder.width());
  if (out.precision > 0 && out.recall > 0) out.f1 = 2 * out.precision * out.recall / (out.precision + out.recall);
  return out;
}

}  // namespace wattline::text
