#include "physics/transformer.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::physics {
namespace {

const catalog::Catalog& known() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}
Transformer of(const char* name) { return Transformer(known().model(name)); }

TEST(transformer, two_flop_per_parameter_and_token_within_the_embedding) {
  // 2N without the looked-up embedding: Llama-2-7B 6.738e9 - 32000 * 4096.
  EXPECT_NEAR(of("llama-2-7b").flops_per_token(0).base(), 2 * (6.738e9 - 32000.0 * 4096), 1e6);
  // Tied: the one matrix is multiplied. GPT-2: 2N.
  EXPECT_NEAR(of("gpt-2").flops_per_token(0).base(), 2 * 1.24e8, 1e6);
  for (const char* name : {"llama-2-13b", "llama-3.1-70b", "qwen3-32b", "mistral-7b", "gemma-3-27b"}) {
    const double two_n = 2 * known().model(name).active_parameters;
    EXPECT_NEAR(of(name).flops_per_token(0).base() / two_n, 1, 0.1) << name;
  }
}

TEST(transformer, attention_grows_with_what_is_looked_back_on) {
  // 4 * layers * heads * head_size per token looked back on: 4 * 32 * 4096.
  const Transformer t = of("llama-2-7b");
  const double step = t.flops_per_token(1001).base() - t.flops_per_token(1).base();
  EXPECT_NEAR(step, 1000.0 * 4 * 32 * 4096, 1e3);
}

TEST(transformer, keys_and_values_of_a_token) {
  EXPECT_EQ(of("llama-3.1-8b").kv_per_token(16).base(), 128 * 1024);  // 8 of 32 heads
  EXPECT_EQ(of("llama-2-7b").kv_per_token(16).base(), 512 * 1024);  // all heads
  EXPECT_EQ(of("llama-3.1-70b").kv_per_token(16).base(), 320 * 1024);
  EXPECT_EQ(of("llama-3.1-8b").kv_per_token(8).base(), 64 * 1024);
  // Latent attention of DeepSeek-V3: 61 layers of 512 + 64 elements instead of 2 * 128 * 128.
  EXPECT_EQ(of("deepseek-v3").kv_per_token(16).base(), 61 * 576 * 2);
}

TEST(transformer, grouped_queries_save_memory_but_no_arithmetic) {
  catalog::Model m = known().model("llama-2-7b");
  const Transformer all(m);
  m.kv_heads = 8;
  const Transformer grouped(m);
  EXPECT_DOUBLE_EQ(grouped.kv_held(5000, 16).base() * 4, all.kv_held(5000, 16).base());
  EXPECT_DOUBLE_EQ(grouped.flops_per_token(5000).base(), all.flops_per_token(5000).base());
}

TEST(transformer, mixture_reads_its_active_part_alone_and_everything_in_a_crowd) {
  const Transformer t = of("mixtral-8x7b");
  const double embedding = 32000.0 * 4096;
  // One token: the published 12.9e9 active parameters, less the looked-up table.
  EXPECT_NEAR(t.weights_read(1, 16).base(), 2 * (12.879e9 - embedding), 1e7);
  EXPECT_NEAR(t.weights_read(1e6, 16).base(), 2 * (46.703e9 - embedding), 1e7);
  EXPECT_NEAR(t.experts_touched(1), 2, 1e-9);
  EXPECT_NEAR(t.experts_touched(4), 8 * (1 - std::pow(0.75, 4)), 1e-9);
  EXPECT_NEAR(t.stored_weights(16).base(), 2 * 46.703e9, 1e7);
  // A token computes with its two experts whatever the batch.
  EXPECT_NEAR(t.flops_per_token(0).base(), 2 * (12.879e9 - embedding), 1e7);
  double before = 0;
  for (const double batch : {1, 2, 8, 64, 1024}) {
    const double read = t.weights_read(batch, 16).base();
    EXPECT_GT(read, before);
    EXPECT_LE(read, t.stored_weights(16).base());
    before = read;
  }
}

TEST(transformer, dense_reads_the_same_weights_for_any_batch) {
  const Transformer t = of("llama-3.1-8b");
  EXPECT_EQ(t.weights_read(1, 16).base(), t.weights_read(512, 16).base());
  EXPECT_EQ(t.experts_touched(10), 0);
  EXPECT_DOUBLE_EQ(t.weights_read(1, 4).base() * 4, t.weights_read(1, 16).base());
  EXPECT_EQ(t.weights_read(0, 16).base(), 0);
}

TEST(transformer, windows_bound_what_is_kept_and_computed) {
  const Transformer t = of("mistral-7b-v0.1");  // all 32 layers look back on 4096 tokens
  EXPECT_EQ(t.kv_held(100000, 16), t.kv_held(4096, 16));
  EXPECT_EQ(t.flops_per_token(100000), t.flops_per_token(4096));
  EXPECT_LT(t.flops_per_token(4095), t.flops_per_token(4096));
  const Transformer half = of("gemma-2-9b");  // 21 of 42 layers
  const double grown = half.kv_held(20000, 16).base() - half.kv_held(10000, 16).base();
  EXPECT_NEAR(grown, half.kv_per_token(16).base() * 10000 / 2, 1);
}

TEST(transformer, prefill_and_decode_are_the_same_work_token_by_token) {
  for (const char* name : {"llama-3.1-8b", "gemma-2-9b", "mistral-7b-v0.1", "mixtral-8x7b"}) {
    const Transformer t = of(name);
    double stepwise = 0, read = 0;
    for (int i = 0; i < 6000; ++i) {
      stepwise += t.decode_flops(1, i).base();
      read += t.kv_read(1, i, 16).base();
    }
    EXPECT_NEAR(t.decode_flops(6000, 0).base() / stepwise, 1, 1e-9) << name;
    EXPECT_NEAR(t.kv_read(6000, 0, 16).base() / read, 1, 1e-9) << name;
    // Prefill leaves the logits of all but the last position out.
    const catalog::Model& m = known().model(name);
    const double head = 2.0 * m.vocabulary * m.hidden;
    EXPECT_NEAR((t.prefill_flops(6000).base() + 5999 * head) / stepwise, 1, 1e-9) << name;
    // In two chunks: one more row of logits.
    EXPECT_NEAR(
        (t.prefill_flops(2500).base() + t.prefill_flops(3500, 2500).base() - head) / t.prefill_flops(6000).base(), 1,
        1e-9)
        << name;
  }
}

TEST(transformer, windowed_sum_is_the_sum) {
  for (const double window : {0.0, 1.0, 7.0, 10.0, 1000.0})
    for (const int first : {1, 5, 20}) {
      double sum = 0;
      for (int i = 0; i < 30; ++i) sum += window > 0 ? std::min<double>(first + i, window) : first + i;
      EXPECT_DOUBLE_EQ(windowed_sum(first, 30, window), sum) << window << " " << first;
    }
  EXPECT_EQ(windowed_sum(5, 0, 10), 0);
  EXPECT_EQ(windowed_sum(5, -3, 10), 0);
}

TEST(transformer, what_devices_exchange) {
  const Transformer t = of("llama-3.1-70b");
  EXPECT_EQ(t.exchanged(100, 1).base(), 0);
  // Two all-reduces of 8192 values in 80 layers, 2 * 7/8 of the size each.
  EXPECT_DOUBLE_EQ(t.exchanged(1, 8).base(), 2 * 80 * 8192.0 * 2 * 2 * 7 / 8);
}

TEST(transformer, says_when_the_shape_is_not_published) {
  const Transformer t = of("gpt-3.5-turbo");
  EXPECT_FALSE(t.shape_known());
  ASSERT_FALSE(t.warnings().empty());
  EXPECT_NE(t.warnings().front().find("not published"), std::string::npos);
  EXPECT_EQ(t.flops_per_token(100).base(), 2 * known().model("gpt-3.5-turbo").active_parameters);
  EXPECT_EQ(t.kv_held(1000, 16).base(), 0);
  EXPECT_EQ(t.exchanged(1000, 4).base(), 0);
}

TEST(transformer, a_mixture_without_known_experts_reads_more_in_a_crowd) {
  const Transformer t = of("gpt-4");
  const catalog::Model& m = known().model("gpt-4");
  EXPECT_NEAR(t.weights_read(1, 8).base(), m.active_parameters, m.active_parameters * 1e-9);
  EXPECT_NEAR(t.weights_read(1e6, 8).base(), m.parameters, m.parameters * 1e-9);
  EXPECT_EQ(t.warnings().size(), 2u);
}

TEST(transformer, every_model_of_the_catalog_counts) {
  for (const catalog::Model& m : known().models()) {
    const Transformer t(m);
    EXPECT_GT(t.flops_per_token(100).base(), m.active_parameters) << m.name;
    EXPECT_LT(t.flops_per_token(1).base(), 2.01 * m.active_parameters) << m.name;
    EXPECT_GT(t.weights_read(1, 16).base(), 0) << m.name;
    EXPECT_LE(t.weights_read(1e9, 16).base(), 1.0001 * t.stored_weights(16).base()) << m.name;
    EXPECT_GT(t.prefill_flops(10).base(), 0) << m.name;
  }
}

TEST(transformer, refuses_models_without_size) {
  catalog::Model m;
  m.name = "empty";
  EXPECT_THROW(Transformer{m}, Error);
  m.parameters = 10;
  m.active_parameters = 20;
  EXPECT_THROW(Transformer{m}, Error);
  m.active_parameters = std::numeric_limits<double>::quiet_NaN();
  m.parameters = std::numeric_limits<double>::infinity();
  EXPECT_THROW(Transformer{m}, Error);
}

}  // namespace
}  // namespace wattline::physics
