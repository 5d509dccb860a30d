// A sentence encoder that another server has: any OpenAI-compatible /v1/embeddings.
//
// A text is one question with a deadline. What fails is an Error (world), and for a while after it every text fails at
// once, so that a server that is gone costs no request its deadline again and again. Vectors of tokens there are none:
// encode_tokens() is an Error (unsupported). The other server's energy is not seen from here.
#pragma once

#include <atomic>

#include "kernel/quantity.h"
#include "kernel/secret.h"
#include "text/encoder.h"

namespace wattline::text {

struct HttpEncoderConfig {
  std::string url;  // of the endpoint, with its path: "http://127.0.0.1:8081/v1/embeddings"
  std::string model;  // as the server names it
  Secret key;  // sent as a bearer token; "" none
  std::string ca_file;
  Duration deadline{2};  // of one text
  Duration pause{5};  // after a failure
};

class HttpEncoder final : public Encoder {
 public:
  // Asks once, to learn the width. Errors: bad_input for a URL that is none or a key that would travel readably to
  // another machine; world when the server does not answer with a vector.
  explicit HttpEncoder(HttpEncoderConfig);

  std::string_view name() const override { return name_; }
  std::size_t width() const override { return width_; }
  std::string_view fingerprint() const override { return fingerprint_; }
  std::string_view limits() const override { return "of another server"; }
  bool has_tokens() const override { return false; }
  EncodeFacts encode(std::string_view text, std::span<float> out) const override;
  EncodeFacts encode_tokens(std::string_view text, std::vector<float>& rows) const override;

 private:
  EncodeFacts ask(std::string_view text, std::vector<float>& vector) const;

  HttpEncoderConfig config_;
  std::string name_, fingerprint_;
  std::size_t width_ = 0;
  mutable std::atomic<std::int64_t> rests_until_ns_{0};
};

// "URL#MODEL", the key from $WATTLINE_ENCODER_KEY where that is set.
HttpEncoderConfig http_encoder_config(std::string_view url_and_model);

// A reply of such a server: the vector, as it stands. Error(bad_input): it is none.
EncodeFacts read_embedding(std::string_view reply, std::vector<float>& vector, std::string_view where);

}  // namespace wattline::text
