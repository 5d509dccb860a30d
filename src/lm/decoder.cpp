#include "lm/decoder.h"

#include <algorithm>
#include <cassert>
#include <cmath>

namespace wattline::lm {
namespace {

// Tokens read together: enough to share each load of the weights, few enough to stay in cache.
constexpr int chunk = 48;

void rms_norm(const float* x, const std::vector<float>& weight, float epsilon, float* out) {
  float squares = 0;
  for (std::size_t i = 0; i < weight.size(); ++i) squares += x[i] * x[i];
  const float scale = 1 / std::sqrt(squares / static_cast<float>(weight.size()) + epsilon);
  for (std::size_t i = 0; i < weight.size(); ++i) out[i] = x[i] * scale * weight[i];
}

void rotate(float* head, int size, const float* cosines, const float* sines) {
  for (int i = 0; i < size / 2; ++i) {
    const float a = head[2 * i], b = head[2 * i + 1];
    head[2 * i] = a * cosines[i] - b * sines[i];
    head[2 * i + 1] = a * sines[i] + b * cosines[i];
  }
}

std::size_t at(int row, int width) { return static_cast<std::size_t>(row) * static_cast<std::size_t>(width); }

}  // namespace

Decoder::Decoder(const Model& model, int capacity)
    : model_(model), capacity_(std::clamp(capacity, 1, model.shape().context)) {
  const Shape& s = model.shape();
  keys_.assign(static_cast<std::size_t>(s.layers), std::vector<float>(at(capacity_, s.kv_dim())));
  values_ = keys_;
  const int rows = std::min(chunk, capacity_);
  const auto& layer = model.layers().front();
  x_.resize(at(rows, s.dim));
  normed_.resize(at(rows, s.dim));
  mixed_.resize(at(rows, s.dim));
  qkv_.resize(at(rows, layer.qkv.padded_rows()));
  inner_.resize(at(rows, layer.gate_up.padded_rows()));
  added_.resize(at(rows, std::max(layer.o.padded_rows(), layer.down.padded_rows())));
  scores_.resize(static_cast<std::size_t>(capacity_));
  logits_.resize(static_cast<std::size_t>(model.head().padded_rows()));
}

std::span<const float> Decoder::logits() const {
  return std::span(logits_).first(static_cast<std::size_t>(model_.shape().vocabulary));
}

void Decoder::feed(std::span<const int> tokens) {
  while (!tokens.empty()) {
    const auto now = std::min(tokens.size(), static_cast<std::size_t>(chunk));
    run(tokens.first(now));
    tokens = tokens.subspan(now);
    if (!tokens.empty()) continue;
    const Shape& s = model_.shape();
    rms_norm(x_.data() + at(static_cast<int>(now) - 1, s.dim), model_.norm(), s.norm_epsilon, normed_.data());
    model_.head().multiply(normed_.data(), 0, logits_.data(), 0);
  }
}

std::vector<float> Decoder::feed_all(std::span<const int> tokens) {
  std::vector<float> all;
  for (int token : tokens) {
    feed(std::span(&token, 1));
    all.insert(all.end(), logits().begin(), logits().end());
  }
  return all;
}

void Decoder::run(std::span<const int> tokens) {
  const int count = static_cast<int>(tokens.size());
  assert(length_ + count <= capacity_);
  const Shape& s = model_.shape();
  for (int t = 0; t < count; ++t) {
    const auto row = model_.embedding(tokens[static_cast<std::size_t>(t)]);
    std::copy(row.begin(), row.end(), x_.begin() + static_cast<std::ptrdiff_t>(at(t, s.dim)));
  }
  for (int l = 0; l < s.layers; ++l) {
    attention(l, count);
    feed_forward(l, count);
  }
  length_ += count;
}

void Decoder::attention(int l, int count) {
  const Shape& s = model_.shape();
  const auto& layer = model_.layers()[static_cast<std::size_t>(l)];
  const int size = s.head_size(), kv_dim = s.kv_dim(), width = layer.qkv.padded_rows();
  const auto dim = static_cast<std::size_t>(s.dim);
  for (int t = 0; t < count; ++t)
    rms_norm(x_.data() + at(t, s.dim), layer.attention_norm, s.norm_epsilon, normed_.data() + at(t, s.dim));
  layer.qkv.multiply(normed_.data(), dim, qkv_.data(), static_cast<std::size_t>(width), count);

  float* keys = keys_[static_cast<std::size_t>(l)].data();
  float* values = values_[static_cast<std::size_t>(l)].data();
  for (int t = 0; t < count; ++t) {
    float* row = qkv_.data() + at(t, width);
    const float* cosines = model_.rope_cos().data() + at(length_ + t, size / 2);
    const float* sines = model_.rope_sin().data() + at(length_ + t, size / 2);
    for (int h = 0; h < s.heads + s.kv_heads; ++h) rotate(row + h * size, size, cosines, sines);
    std::copy_n(row + s.dim, kv_dim, keys + at(length_ + t, kv_dim));
    std::copy_n(row + s.dim + kv_dim, kv_dim, values + at(length_ + t, kv_dim));
  }

  const float scale = 1 / std::sqrt(static_cast<float>(size));
  const int group = s.heads / s.kv_heads;
  for (int t = 0; t < count; ++t) {
    const int seen = length_ + t + 1;
    for (int h = 0; h < s.heads; ++h) {
      const float* q = qkv_.data() + at(t, width) + h * size;
      const int shared = h / group * size;
      float highest = -INFINITY;
      for (int u = 0; u < seen; ++u) {
        const float* k = keys + at(u, kv_dim) + shared;
        float dot = 0;
        for (int i = 0; i < size; ++i) dot += q[i] * k[i];
        scores_[static_cast<std::size_t>(u)] = dot * scale;
        highest = std::max(highest, dot * scale);
      }
      float total = 0;
      for (int u = 0; u < seen; ++u) {
        float& score = scores_[static_cast<std::size_t>(u)];
        score = std::exp(score - highest);
        total += score;
      }
      float* out = mixed_.data() + at(t, s.dim) + h * size;
      std::fill_n(out, size, 0.0f);
      for (int u = 0; u < seen; ++u) {
        const float weight = scores_[static_cast<std::size_t>(u)] / total;
        const float* v = values + at(u, kv_dim) + shared;
        for (int i = 0; i < size; ++i) out[i] += weight * v[i];
      }
    }
  }

  const int out_width = layer.o.padded_rows();
  layer.o.multiply(mixed_.data(), dim, added_.data(), static_cast<std::size_t>(out_width), count);
  for (int t = 0; t < count; ++t)
    for (int i = 0; i < s.dim; ++i)
      x_[at(t, s.dim) + static_cast<std::size_t>(i)] += added_[at(t, out_width) + static_cast<std::size_t>(i)];
}

void Decoder::feed_forward(int l, int count) {
  const Shape& s = model_.shape();
  const auto& layer = model_.layers()[static_cast<std::size_t>(l)];
  const int width = layer.gate_up.padded_rows(), out_width = layer.down.padded_rows();
  for (int t = 0; t < count; ++t)
    rms_norm(x_.data() + at(t, s.dim), layer.ffn_norm, s.norm_epsilon, normed_.data() + at(t, s.dim));
  layer.gate_up.multiply(normed_.data(), static_cast<std::size_t>(s.dim), inner_.data(),
                         static_cast<std::size_t>(width), count);
  for (int t = 0; t < count; ++t) {
    float* gate = inner_.data() + at(t, width);
    const float* up = gate + s.hidden;
    for (int i = 0; i < s.hidden; ++i) gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
  }
  layer.down.multiply(inner_.data(), static_cast<std::size_t>(width), added_.data(),
                      static_cast<std::size_t>(out_width), count);
  for (int t = 0; t < count; ++t)
    for (int i = 0; i < s.dim; ++i)
      x_[at(t, s.dim) + static_cast<std::size_t>(i)] += added_[at(t, out_width) + static_cast<std::size_t>(i)];
}

}  // namespace wattline::lm
