#include "lm/decoder.h"

#include <cmath>

#include <gtest/gtest.h>

#include "lm/matrix.h"
#include "lm/sampling.h"
#include "lm/test_models.h"

namespace wattline::lm {
namespace {

std::vector<float> noise(std::size_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<float> out(count);
  for (float& f : out) f = static_cast<float>(static_cast<double>(random() >> 11) * 0x1p-52 - 1);
  return out;
}

// Whatever instruction set the loader picked, against plain sums in double precision.
TEST(MatrixTest, EqualsThePlainProduct) {
  for (int rows : {1, 31, 32, 33, 100, 260})
    for (int columns : {1, 2, 17, 64, 192})
      for (int count : {1, 2, 3, 4, 7}) {
        const auto width = static_cast<std::size_t>(columns);
        const auto values = noise(static_cast<std::size_t>(rows) * width, 1),
                   x = noise(width * static_cast<std::size_t>(count), 2);
        const Matrix m(values.data(), rows, columns);
        const auto out = static_cast<std::size_t>(m.padded_rows());
        std::vector<float> y(out * static_cast<std::size_t>(count), NAN);
        m.multiply(x.data(), width, y.data(), out, count);
        for (std::size_t t = 0; t < static_cast<std::size_t>(count); ++t)
          for (std::size_t i = 0; i < out; ++i) {
            double sum = 0, size = 0;
            for (std::size_t j = 0; i < static_cast<std::size_t>(rows) && j < width; ++j) {
              const double term = static_cast<double>(values[i * width + j]) * x[t * width + j];
              sum += term;
              size += std::abs(term);
            }
            ASSERT_NEAR(y[t * out + i], sum, 1e-6 * size + 1e-7) << rows << "x" << columns << " row " << i;
          }
      }
}

// The whole network once more, plainly: double precision, no cache, no packing, one token at a time.
class Reference {
 public:
  Reference(const Shape& shape, const Weights& weights) : s_(shape), w_(weights) {}

  std::vector<double> logits(const std::vector<int>& tokens) const {
    std::vector<std::vector<double>> x;
    for (int token : tokens) x.push_back(row("embedding", token, s_.dim));
    for (int l = 0; l < s_.layers; ++l) {
      const std::string layer = "layers." + std::to_string(l) + ".";
      const auto before = x;
      std::vector<std::vector<double>> q, k, v;
      for (std::size_t t = 0; t < x.size(); ++t) {
        const auto h = norm(before[t], layer + "attention_norm");
        q.push_back(turned(times(layer + "q", h, s_.dim), static_cast<double>(t)));
        k.push_back(turned(times(layer + "k", h, s_.kv_dim()), static_cast<double>(t)));
        v.push_back(times(layer + "v", h, s_.kv_dim()));
      }
      for (std::size_t t = 0; t < x.size(); ++t) {
        add(x[t], times(layer + "o", attended(q[t], k, v, t), s_.dim));
        const auto h = norm(x[t], layer + "ffn_norm");
        auto gate = times(layer + "gate", h, s_.hidden);
        const auto up = times(layer + "up", h, s_.hidden);
        for (std::size_t i = 0; i < gate.size(); ++i) gate[i] = gate[i] / (1 + std::exp(-gate[i])) * up[i];
        add(x[t], times(layer + "down", gate, s_.dim));
      }
    }
    return times("embedding", norm(x.back(), "norm"), s_.vocabulary);
  }

 private:
  std::vector<double> row(const std::string& name, int i, int width) const {
    const auto& m = w_.at(name);
    const auto from = m.begin() + static_cast<std::ptrdiff_t>(i) * width;
    return {from, from + width};
  }
  std::vector<double> times(const std::string& name, const std::vector<double>& x, int rows) const {
    std::vector<double> y;
    for (int i = 0; i < rows; ++i) {
      const auto w = row(name, i, static_cast<int>(x.size()));
      double sum = 0;
      for (std::size_t j = 0; j < x.size(); ++j) sum += w[j] * x[j];
      y.push_back(sum);
    }
    return y;
  }
  std::vector<double> norm(const std::vector<double>& x, const std::string& name) const {
    double squares = 0;
    for (double v : x) squares += v * v;
    auto y = row(name, 0, s_.dim);
    for (std::size_t i = 0; i < y.size(); ++i)
      y[i] *= x[i] / std::sqrt(squares / s_.dim + static_cast<double>(s_.norm_epsilon));
    return y;
  }
  std::vector<double> turned(std::vector<double> x, double position) const {
    const auto size = static_cast<std::size_t>(s_.head_size());
    for (std::size_t i = 0; i < x.size(); i += 2) {
      const double angle = position / std::pow(static_cast<double>(s_.rope_base),
                                               static_cast<double>(i % size) / static_cast<double>(size));
      const double a = x[i], b = x[i + 1];
      x[i] = a * std::cos(angle) - b * std::sin(angle);
      x[i + 1] = a * std::sin(angle) + b * std::cos(angle);
    }
    return x;
  }
  std::vector<double> attended(const std::vector<double>& q, const std::vector<std::vector<double>>& k,
                               const std::vector<std::vector<double>>& v, std::size_t t) const {
    std::vector<double> out(static_cast<std::size_t>(s_.dim));
    const auto size = static_cast<std::size_t>(s_.head_size());
    for (std::size_t h = 0; h < static_cast<std::size_t>(s_.heads); ++h) {
      const std::size_t shared = h / static_cast<std::size_t>(s_.heads / s_.kv_heads) * size;
      std::vector<double> weight;
      double total = 0;
      for (std::size_t u = 0; u <= t; ++u) {
        double dot = 0;
        for (std::size_t i = 0; i < size; ++i) dot += q[h * size + i] * k[u][shared + i];
        weight.push_back(std::exp(dot / std::sqrt(static_cast<double>(size))));
        total += weight.back();
      }
      for (std::size_t u = 0; u <= t; ++u)
        for (std::size_t i = 0; i < size; ++i) out[h * size + i] += weight[u] / total * v[u][shared + i];
    }
    return out;
  }
  static void add(std::vector<double>& x, const std::vector<double>& y) {
    for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
  }

  Shape s_;
  Weights w_;
};

TEST(DecoderTest, EqualsThePlainReference) {
  Shape grouped = test::small_shape(), alone = test::small_shape(), odd = test::small_shape();
  alone.kv_heads = alone.heads;
  odd.dim = 36;
  odd.heads = 6;
  odd.kv_heads = 1;
  odd.hidden = 7;
  odd.rope_base = 500;
  std::mt19937_64 random(5);
  for (const Shape& shape : {grouped, alone, odd}) {
    const auto model = test::random_model(shape, 3);
    const Reference reference(shape, test::random_weights(shape, 3));
    std::vector<int> tokens;
    for (int i = 0; i < 20; ++i) tokens.push_back(static_cast<int>(random() % ByteTokenizer::size));
    Decoder decoder(*model, 64);
    decoder.feed(tokens);
    const auto wanted = reference.logits(tokens);
    for (std::size_t i = 0; i < wanted.size(); ++i) ASSERT_NEAR(decoder.logits()[i], wanted[i], 1e-4);
  }
}

// However the tokens are cut into pieces, also across the decoder's own chunks of 48.
TEST(DecoderTest, PiecesDoNotMatter) {
  const auto model = test::random_model(test::small_shape(), 8);
  std::mt19937_64 random(6);
  std::vector<int> tokens;
  for (int i = 0; i < 60; ++i) tokens.push_back(static_cast<int>(random() % ByteTokenizer::size));
  Decoder whole(*model, 64);
  whole.feed(tokens);
  for (std::size_t cut : {1u, 7u, 48u, 59u}) {
    Decoder parts(*model, 64);
    parts.feed(std::span(tokens).first(cut));
    parts.feed(std::span(tokens).subspan(cut));
    EXPECT_EQ(parts.length(), 60);
    for (std::size_t i = 0; i < whole.logits().size(); ++i) EXPECT_NEAR(parts.logits()[i], whole.logits()[i], 1e-4);
  }
  Decoder all(*model, 64);
  const auto logits = all.feed_all(tokens);
  EXPECT_EQ(logits.size(), 60u * ByteTokenizer::size);
}

TEST(DecoderTest, CapacityIsHeldToTheContext) {
  const auto model = test::random_model(test::small_shape(), 8);
  EXPECT_EQ(Decoder(*model, 1000).capacity(), 64);
  EXPECT_EQ(Decoder(*model, 0).capacity(), 1);
}

TEST(SamplingTest, ZeroTemperatureTakesTheFirstOfTheLikeliest) {
  std::mt19937_64 random(1);
  const std::vector<float> logits = {0, 3, 3, 1};
  EXPECT_EQ(sample(logits, 0, 1, random), 1);
}

TEST(SamplingTest, DrawsByProbability) {
  std::mt19937_64 random(1);
  const std::vector<float> logits = {std::log(0.6f), std::log(0.3f), std::log(0.1f)};
  int seen[3] = {};
  constexpr int drawn = 30000;
  for (int i = 0; i < drawn; ++i) ++seen[sample(logits, 1, 1, random)];
  EXPECT_NEAR(seen[0], 0.6 * drawn, 400);
  EXPECT_NEAR(seen[1], 0.3 * drawn, 400);
  // The two likeliest hold 0.9: the third is never drawn.
  for (int i = 0; i < 1000; ++i) EXPECT_LT(sample(logits, 1, 0.85, random), 2);
  EXPECT_NEAR(surprise(logits, 0), -std::log(0.6), 1e-6);
}

}  // namespace
}  // namespace wattline::lm
