// Text to token ids and back. A family: the byte-level tokenizer of our own models, and the
// sentencepiece-like one of llama2.c models (llama2c.h). Ids are only valid for their own tokenizer.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace wattline::lm {

class Tokenizer {
 public:
  virtual ~Tokenizer() = default;
  virtual int vocabulary() const = 0;
  // What the model is fed before it answers; any bytes, also invalid UTF-8.
  virtual std::vector<int> encode_prompt(std::string_view prompt) const = 0;
  // The token with which the model says that it is done.
  virtual bool is_end(int token) const = 0;
  // The bytes a finished answer stands for.
  virtual std::string decode(const std::vector<int>& answer) const = 0;
  // How many leading bytes of decode(answer) later tokens can no longer change.
  virtual std::size_t settled_bytes(const std::vector<int>& answer) const = 0;
};

// Our own: the 256 bytes and four marks. A question is `begin` bytes `answer`, the reply bytes `end`.
// `turn` says that the decimal number that follows is written least significant digit first, the
// order in which carries run and small models learn to add (Lee et al. 2023, arXiv:2307.03381);
// decode() turns it back. Marks are tokens: they are generated, timed and counted like any other.
class ByteTokenizer : public Tokenizer {
 public:
  static constexpr int begin = 256, answer = 257, end = 258, turn = 259, size = 260;

  int vocabulary() const override { return size; }
  std::vector<int> encode_prompt(std::string_view prompt) const override;
  bool is_end(int token) const override { return token == end; }
  std::string decode(const std::vector<int>& tokens) const override;
  std::size_t settled_bytes(const std::vector<int>& tokens) const override;
  // What the model should generate for `reply`, with the end mark. With `turned`, each run of digits
  // gets the turn mark, a single digit too: then the last digit is always found at the same place.
  std::vector<int> encode_reply(std::string_view reply, bool turned) const;
};

}  // namespace wattline::lm
