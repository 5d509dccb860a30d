// Models of the llama2.c project (checkpoint version 0 with its tokenizer file): foreign models with
// known outputs, to check the engine against.
#pragma once

#include <memory>
#include <string_view>

#include "lm/model.h"

namespace wattline::lm {

// Pieces with scores, merged greedily, best score first, as sentencepiece's BPE does.
class Llama2cTokenizer : public Tokenizer {
 public:
  static constexpr int begin = 1, end = 2, first_byte = 3;

  Llama2cTokenizer(std::string_view bytes, int vocabulary, std::string_view where);
  int vocabulary() const override { return static_cast<int>(pieces_.size()); }
  std::vector<int> encode_prompt(std::string_view prompt) const override;
  // Both marks end a text: a new one would begin.
  bool is_end(int token) const override { return token == begin || token == end; }
  std::string decode(const std::vector<int>& tokens) const override;
  std::size_t settled_bytes(const std::vector<int>& tokens) const override { return decode(tokens).size(); }

 private:
  std::vector<std::string> pieces_;
  std::vector<float> scores_;
  std::map<std::string, int, std::less<>> ids_;
};

// The model file's seven numbers, its fp32 tensors, and a tokenizer that fits. Error when cut short,
// out of bounds, or with an output head of its own (a negative vocabulary).
std::shared_ptr<const Model> load_llama2c(std::string_view model, std::string_view tokenizer, std::string_view where);

}  // namespace wattline::lm
