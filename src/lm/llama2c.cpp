#include "lm/llama2c.h"

#include <bit>
#include <cstring>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::lm {
namespace {

static_assert(std::endian::native == std::endian::little, "llama2.c files are little-endian");

class Reader {
 public:
  Reader(std::string_view bytes, std::string_view where) : bytes_(bytes), where_(where) {}

  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof(T)).data(), sizeof(T));
    return value;
  }
  std::vector<float> floats(std::size_t count) {
    if (count > bytes_.size() / sizeof(float)) too_short(count * sizeof(float));
    std::vector<float> values(count);
    if (count > 0) std::memcpy(values.data(), take(count * sizeof(float)).data(), count * sizeof(float));
    return values;
  }
  std::string_view take(std::size_t count) {
    if (count > bytes_.size() - at_) too_short(count);
    at_ += count;
    return bytes_.substr(at_ - count, count);
  }
  std::size_t left() const { return bytes_.size() - at_; }

 private:
  [[noreturn]] void too_short(std::size_t count) const {
    throw bad_input(fmt::format("ends at byte {}, but {} more are needed at byte {}", bytes_.size(), count, at_),
                    std::string(where_), "the file may be cut short");
  }

  std::string_view bytes_, where_;
  std::size_t at_ = 0;
};

std::string byte_piece(int token) { return std::string(1, static_cast<char>(token - Llama2cTokenizer::first_byte)); }

}  // namespace

Llama2cTokenizer::Llama2cTokenizer(std::string_view bytes, int vocabulary, std::string_view where) {
  Reader r(bytes, where);
  r.number<std::int32_t>();  // the longest piece
  for (int id = 0; id < vocabulary; ++id) {
    scores_.push_back(r.number<float>());
    const auto length = r.number<std::int32_t>();
    if (length < 0) throw bad_input(fmt::format("piece {} has length {}", id, length), std::string(where));
    pieces_.emplace_back(r.take(static_cast<std::size_t>(length)));
    // Of equal pieces the first is meant; the byte ids are only reached by their own rule.
    if (id < first_byte || id >= first_byte + 256) ids_.emplace(pieces_.back(), id);
  }
  if (vocabulary < first_byte + 256)
    throw bad_input(fmt::format("has {} pieces; the marks and bytes alone are {}", vocabulary, first_byte + 256),
                    std::string(where));
}

std::vector<int> Llama2cTokenizer::encode_prompt(std::string_view prompt) const {
  std::vector<int> ids{begin};
  if (prompt.empty()) return ids;
  const std::string text = " " + std::string(prompt);
  for (std::size_t i = 0; i < text.size();) {
    std::size_t n = 1;
    while (i + n < text.size() && (static_cast<unsigned char>(text[i + n]) & 0xC0) == 0x80 && n < 4) ++n;
    const auto found = ids_.find(std::string_view(text).substr(i, n));
    if (found != ids_.end()) ids.push_back(found->second);
    else
      for (std::size_t k = 0; k < n; ++k) ids.push_back(static_cast<unsigned char>(text[i + k]) + first_byte);
    i += n;
  }
  for (;;) {
    std::size_t best_at = 0;
    int best = -1;
    for (std::size_t i = 1; i + 1 < ids.size(); ++i) {
      const auto found =
          ids_.find(pieces_[static_cast<std::size_t>(ids[i])] + pieces_[static_cast<std::size_t>(ids[i + 1])]);
      if (found == ids_.end()) continue;
      if (best < 0 || scores_[static_cast<std::size_t>(found->second)] > scores_[static_cast<std::size_t>(best)]) {
        best = found->second;
        best_at = i;
      }
    }
    if (best < 0) return ids;
    ids[best_at] = best;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best_at) + 1);
  }
}

std::string Llama2cTokenizer::decode(const std::vector<int>& tokens) const {
  std::string text;
  for (int token : tokens) {
    if (token <= end) continue;
    text += token < first_byte + 256 ? byte_piece(token) : pieces_[static_cast<std::size_t>(token)];
  }
  return text;
}

std::shared_ptr<const Model> load_llama2c(std::string_view model, std::string_view tokenizer, std::string_view where) {
  Reader r(model, where);
  Shape s;
  s.dim = r.number<std::int32_t>();
  s.hidden = r.number<std::int32_t>();
  s.layers = r.number<std::int32_t>();
  s.heads = r.number<std::int32_t>();
  s.kv_heads = r.number<std::int32_t>();
  s.vocabulary = r.number<std::int32_t>();
  s.context = r.number<std::int32_t>();
  if (s.vocabulary < 0)
    throw Error(ErrorKind::unsupported, "the model has an output head of its own", std::string(where),
                "only models that share it with the embedding are read");
  s.check(where);
  if (static_cast<std::size_t>(s.parameters()) > r.left() / sizeof(float))
    throw bad_input(fmt::format("has {} bytes of tensors; the shape needs {}", r.left(), s.parameters() * 4),
                    std::string(where), "the file may be cut short");
  const auto dim = static_cast<std::size_t>(s.dim), layers = static_cast<std::size_t>(s.layers);
  Weights w;
  w["embedding"] = r.floats(static_cast<std::size_t>(s.vocabulary) * dim);
  const auto stacked = [&](std::string_view name, std::size_t count) {
    for (std::size_t l = 0; l < layers; ++l) w[fmt::format("layers.{}.{}", l, name)] = r.floats(count);
  };
  const auto kv = static_cast<std::size_t>(s.kv_dim()), hidden = static_cast<std::size_t>(s.hidden);
  stacked("attention_norm", dim);
  stacked("q", dim * dim);
  stacked("k", kv * dim);
  stacked("v", kv * dim);
  stacked("o", dim * dim);
  stacked("ffn_norm", dim);
  stacked("gate", hidden * dim);
  stacked("down", dim * hidden);
  stacked("up", hidden * dim);
  w["norm"] = r.floats(dim);
  auto pieces = std::make_shared<Llama2cTokenizer>(tokenizer, s.vocabulary, where);
  return std::make_shared<const Model>("llama2c", s, w, std::move(pieces), where);
}

}  // namespace wattline::lm
