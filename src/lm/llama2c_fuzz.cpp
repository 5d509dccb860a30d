// A model file and a tokenizer file in one input, the first four bytes saying where one ends. What loads
// must take any prompt and give text back.
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "lm/llama2c.h"
#include "lm/test_models.h"

namespace {

using namespace wattline::lm;

void put(std::string& out, auto value) { out.append(reinterpret_cast<const char*>(&value), sizeof(value)); }

std::string model_file(const Shape& s) {
  std::string out;
  for (const int n : {s.dim, s.hidden, s.layers, s.heads, s.kv_heads, s.vocabulary, s.context})
    put(out, std::int32_t{n});
  for (std::int64_t i = s.parameters(); i > 0; --i) put(out, 0.25f);
  return out;
}

std::string tokenizer_file(int vocabulary) {
  std::string out;
  put(out, std::int32_t{8});
  for (int id = 0; id < vocabulary; ++id) {
    const std::string piece =
        id < Llama2cTokenizer::first_byte + 256 ? "<b>" : std::string(1 + id % 3, static_cast<char>('a' + id % 7));
    put(out, static_cast<float>(-id));
    put(out, static_cast<std::int32_t>(piece.size()));
    out += piece;
  }
  return out;
}

void must(bool holds) {
  if (!holds) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::uint32_t cut = 0;
  if (size < sizeof(cut)) return 0;
  std::memcpy(&cut, data, sizeof(cut));
  const std::string_view all(reinterpret_cast<const char*>(data) + sizeof(cut), size - sizeof(cut));
  const std::string_view first = all.substr(0, cut), second = all.substr(first.size());
  const std::string_view prompt = second.substr(0, 40);
  try {
    const Llama2cTokenizer pieces(second, Llama2cTokenizer::first_byte + 256 + 10, "fuzz");
    const auto ids = pieces.encode_prompt(prompt);
    for (const int id : ids) must(id >= 0 && id < pieces.vocabulary());
    must(pieces.settled_bytes(ids) == pieces.decode(ids).size());
  } catch (const wattline::Error&) {}
  try {
    const auto model = load_llama2c(first, second, "fuzz");
    for (const int id : model->tokenizer().encode_prompt(prompt))
      must(model->embedding(id).size() == static_cast<std::size_t>(model->shape().dim));
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  Shape s;
  s.dim = 4;
  s.hidden = 2;
  s.layers = 1;
  s.heads = 2;
  s.kv_heads = 1;
  s.vocabulary = Llama2cTokenizer::first_byte + 256 + 10;
  s.context = 8;
  const std::string model = model_file(s), tokenizer = tokenizer_file(s.vocabulary);
  std::string whole, no_model;
  put(whole, static_cast<std::uint32_t>(model.size()));
  put(no_model, std::uint32_t{0});
  return {whole + model + tokenizer, no_model + tokenizer};
}
