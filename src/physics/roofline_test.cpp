#include "physics/roofline.h"

#include <cmath>
#include <limits>
#include <random>

#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::physics {
namespace {

const catalog::Catalog& known() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}
const catalog::Model& model(const char* name = "llama-3.1-8b") { return known().model(name); }
const catalog::Device& h100() { return known().device("NVIDIA H100 SXM"); }
Inference at(const Request& r, const Serving& s, const char* name = "llama-3.1-8b") {
  return predict(model(name), h100(), r, s, known());
}
double joules(const Inference& i) { return (i.prefill.energy.value() + i.decode.energy.value()).base(); }
double seconds(const Inference& i) { return (i.prefill.time.value() + i.decode.time.value()).base(); }

TEST(roofline, prefill_is_bound_by_arithmetic_and_decode_by_memory) {
  const Inference i = at({2000, 200}, {});
  EXPECT_EQ(i.prefill.bound, Bound::compute);
  EXPECT_EQ(i.decode.bound, Bound::memory);
  EXPECT_EQ(i.roof.format, "bf16");
  EXPECT_TRUE(i.fits);
  EXPECT_TRUE(i.warnings.empty());
  // Never faster than the roof: 15 GB of weights at 3.35 TB/s, 199 times.
  EXPECT_GT(i.decode.time.value().base(), 199 * 15.0e9 / 3.35e12);
  EXPECT_LT(i.decode.time.value().base(), 3 * 199 * 15.0e9 / 3.35e12);
  EXPECT_GT(i.prefill.time.value().base(), i.prefill.flops.base() / 989e12);
  EXPECT_EQ(i.decode.passes, 199);
  EXPECT_EQ(i.prefill.passes, 1);
}

TEST(roofline, a_crowd_makes_decode_bound_by_arithmetic) {
  // Short contexts, so that the weights are what is shared.
  EXPECT_EQ(at({16, 16}, {.batch = 1}).decode.bound, Bound::memory);
  EXPECT_EQ(at({16, 16}, {.batch = 4096}).decode.bound, Bound::compute);
}

TEST(roofline, weights_keys_and_values) {
  const Inference i = at({1000, 24}, {.batch = 4});
  EXPECT_DOUBLE_EQ(i.weights.base(), 2 * 8.03e9);
  EXPECT_DOUBLE_EQ(i.kv_per_token.base(), 128 * 1024);
  EXPECT_DOUBLE_EQ(i.memory_needed.base(), 2 * 8.03e9 + 4 * 1024 * 128.0 * 1024);
}

TEST(roofline, energy_is_power_times_time_shared_by_the_batch) {
  const Inference i = at({500, 100}, {.batch = 8});
  for (const Phase* p : {&i.prefill, &i.decode}) {
    EXPECT_NEAR(p->energy.value().base(), p->power.value().base() * p->time.value().base() / 8, 1e-9);
    EXPECT_LE(p->power.value().base(), 700 * (1 + 1e-12));
    EXPECT_GT(p->power.value().base(), 0.3 * 700);
    EXPECT_EQ(p->energy.method(), Method::modelled);
    EXPECT_GT(p->energy.low().base(), 0);
    EXPECT_GT(p->energy.high(), p->energy.value());
  }
}

TEST(roofline, errors_are_those_of_factors_and_stay_when_summed) {
  const Inference i = at({500, 100}, {});
  const Estimate<Energy> one = i.decode.energy;
  EXPECT_LT(one.raw().independent_sd(), 0.2 * one.sd().base());
  EXPECT_TRUE(one.raw().by_factor().contains("physics.gpu.time_residual"));
  Estimate<Energy> sum;
  for (int k = 0; k < 1000; ++k) sum += one;
  EXPECT_GT(sum.sd().base() / sum.value().base(), 0.95 * one.sd().base() / one.value().base());
}

TEST(roofline, first_token_comes_out_of_prefill) {
  EXPECT_EQ(at({100, 1}, {}).decode.energy.value().base(), 0);
  EXPECT_EQ(at({100, 0}, {}).decode.time.value().base(), 0);
  EXPECT_EQ(at({0, 10}, {}).decode.passes, 10);
  EXPECT_EQ(at({0, 10}, {}).prefill.energy.value().base(), 0);
  EXPECT_GT(at({100, 2}, {}).decode.energy.value().base(), 0);
}

TEST(roofline, cached_tokens_are_not_computed_again) {
  const Inference cold = at({4000, 10}, {}), warm = at({4000, 10, 3000}, {}), all = at({4000, 10, 4000}, {});
  EXPECT_LT(warm.prefill.flops.base(), 0.35 * cold.prefill.flops.base());
  EXPECT_LT(joules(warm), joules(cold));
  EXPECT_EQ(all.prefill.flops.base(), 0);
  EXPECT_EQ(all.decode.passes, 10);
  EXPECT_EQ(warm.memory_needed, cold.memory_needed);
}

// What must hold for any sensible request, tried on many.
TEST(roofline, more_work_never_costs_less) {
  std::mt19937_64 random(7);
  const auto pick = [&](double low, double high) {
    return std::floor(std::exp(std::uniform_real_distribution<>(std::log(low), std::log(high))(random)));
  };
  const char* models[] = {"llama-3.1-8b", "mixtral-8x7b", "gemma-2-9b", "deepseek-v3", "gpt-4"};
  for (int i = 0; i < 100; ++i) {
    const char* name = models[i % 5];
    const Request r{pick(1, 30000), pick(2, 5000)};
    const Serving s{.batch = pick(1, 500), .devices = std::floor(pick(1, 9))};
    SCOPED_TRACE(testing::Message() << name << " prompt " << r.prompt_tokens << " output " << r.output_tokens
                                    << " batch " << s.batch << " devices " << s.devices);
    const Inference base = at(r, s, name);
    EXPECT_GT(joules(base), 0);
    const Inference longer = at({r.prompt_tokens + 500, r.output_tokens}, s, name);
    EXPECT_GE(longer.prefill.energy.value(), base.prefill.energy.value());
    EXPECT_GE(longer.decode.time.value(), base.decode.time.value());
    EXPECT_GE(longer.memory_needed, base.memory_needed);
    const Inference wordier = at({r.prompt_tokens, r.output_tokens + 100}, s, name);
    EXPECT_GT(joules(wordier), joules(base));
    Serving crowd = s;
    crowd.batch *= 2;
    const Inference crowded = at(r, crowd, name);
    EXPECT_LE(joules(crowded), joules(base) * (1 + 1e-9));  // per request
    EXPECT_GE(seconds(crowded), seconds(base) * (1 - 1e-9));  // of the batch
    Serving light = s;
    light.weight_bits = 8;
    light.format = base.roof.format;  // the same arithmetic: only the bytes change
    const Inference quantised = at(r, light, name);
    EXPECT_LE(quantised.decode.bytes, base.decode.bytes);
    EXPECT_LE(joules(quantised), joules(base) * (1 + 1e-9));
    EXPECT_EQ(quantised.decode.flops, base.decode.flops);
    Serving short_keys = s;
    short_keys.kv_bits = 8;
    EXPECT_LE(at(r, short_keys, name).decode.bytes, base.decode.bytes);
  }
}

TEST(roofline, many_devices_are_faster_and_wait_for_each_other) {
  const Request r{1000, 200};
  const Inference one = at(r, {}, "llama-3.1-70b"), eight = at(r, {.devices = 8}, "llama-3.1-70b");
  EXPECT_LT(seconds(eight), seconds(one));
  EXPECT_GT(seconds(eight), seconds(one) / 8);
  EXPECT_GT(joules(eight), joules(one));  // waiting draws power
  EXPECT_EQ(one.decode.exchanged.base(), 0);
  EXPECT_GT(eight.decode.exchanged.base(), 0);
  EXPECT_FALSE(one.fits);  // 141 GB of weights in 80 GB
  EXPECT_TRUE(eight.fits);
  ASSERT_FALSE(one.warnings.empty());
  EXPECT_NE(one.warnings.front().find("does not fit"), std::string::npos);
}

TEST(roofline, names_the_exchange_when_the_link_is_not_known) {
  catalog::Device d = h100();
  d.link.reset();
  const Inference i = predict(model(), d, {100, 10}, {.devices = 2}, known());
  ASSERT_EQ(i.warnings.size(), 1u);
  EXPECT_NE(i.warnings.front().find("link"), std::string::npos);
}

TEST(roofline, number_formats) {
  const auto format = [](const catalog::Device& d, double bits, const char* named = "") {
    return roof(d, named, bits, known()).format;
  };
  EXPECT_EQ(format(h100(), 16), "bf16");
  EXPECT_TRUE(format(h100(), 8) == "fp8" || format(h100(), 8) == "int8");
  EXPECT_EQ(format(h100(), 4.25), "bf16");  // no 4-bit arithmetic: the weights are widened
  EXPECT_EQ(format(h100(), 16, "FP8"), "fp8");
  EXPECT_EQ(format_bits("bf16"), 16);
  EXPECT_EQ(format_bits("mxfp4"), 4);
  EXPECT_EQ(format_bits("odd"), 0);
  EXPECT_EQ(format_bits(""), 0);
  EXPECT_EQ(format_bits("32"), 32);
  catalog::Device old = h100();
  old.peak = {{"fp32", ComputeRate(1e13)}};
  EXPECT_EQ(format(old, 16), "fp32");
  old.peak = {{"int8", ComputeRate(1e13)}};
  EXPECT_EQ(format(old, 16), "int8");
  EXPECT_THROW(format(h100(), 16, "fp17"), Error);
  EXPECT_NEAR(roof(h100(), "bf16", 16, known()).nominal_ridge(), 989e12 / 3.35e12, 1e-9);
}

TEST(roofline, an_unpublished_model_is_wide_and_says_so) {
  const Inference i = at({500, 300}, {.batch = 8, .devices = 8, .weight_bits = 8}, "gpt-4");
  EXPECT_GE(i.warnings.size(), 2u);
  const auto relative = [](const Estimate<Energy>& e) { return e.sd().base() / e.value().base(); };
  EXPECT_GT(relative(i.decode.energy), relative(at({500, 300}, {.batch = 8}).decode.energy));
  EXPECT_TRUE(i.decode.energy.raw().by_factor().contains("model.gpt-4.parameters"));
}

TEST(roofline, warns_beyond_the_context) {
  const Inference i = at({5000, 10}, {}, "llama-2-7b");
  ASSERT_EQ(i.warnings.size(), 1u);
  EXPECT_NE(i.warnings.front().find("4096"), std::string::npos);
}

TEST(roofline, refuses_what_makes_no_sense) {
  const double nan = std::nan(""), inf = std::numeric_limits<double>::infinity();
  const Request good{100, 10};
  for (const Request& r : {Request{-1, 10}, Request{100, -1}, Request{0, 0}, Request{nan, 10}, Request{100, inf},
                           Request{100, 10, 101}, Request{100, 10, -1}, Request{1e12, 1}})
    EXPECT_THROW(at(r, {}), Error) << r.prompt_tokens << " " << r.output_tokens << " " << r.cached_tokens;
  for (const Serving& s : {Serving{.batch = 0}, Serving{.batch = nan}, Serving{.devices = 0}, Serving{.devices = -1},
                           Serving{.weight_bits = 0}, Serving{.weight_bits = 65}, Serving{.kv_bits = 0},
                           Serving{.kv_bits = nan}, Serving{.format = "fp99"}})
    EXPECT_THROW(at(good, s), Error);
  catalog::Device d = h100();
  d.bandwidth.reset();
  EXPECT_THROW(predict(model(), d, good, {}, known()), Error);
  d = h100();
  d.peak.clear();
  EXPECT_THROW(predict(model(), d, good, {}, known()), Error);
  d = h100();
  d.board_power = Power(0);
  EXPECT_THROW(predict(model(), d, good, {}, known()), Error);
  try {
    at(good, {.batch = 0});
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    EXPECT_NE(std::string(e.what()).find("batch"), std::string::npos);
    EXPECT_NE(std::string(e.what()).find("0"), std::string::npos);
  }
}

TEST(roofline, every_model_on_every_device_that_can) {
  int predicted = 0, pair = 0;
  for (const catalog::Device& d : known().devices())
    for (const catalog::Model& m : known().models()) {
      if (++pair % 7 != 0) continue;  // each device and each model still has its turn
      try {
        const Inference i = predict(m, d, {300, 100}, {.batch = 2}, known());
        ++predicted;
        EXPECT_GT(joules(i), 0) << d.name << " " << m.name;
        EXPECT_TRUE(std::isfinite(i.decode.energy.high().base())) << d.name << " " << m.name;
        EXPECT_LE(i.decode.power.value(), d.board_power * 1.2) << d.name << " " << m.name;
        EXPECT_FALSE(i.factors.empty());
      } catch (const Error& e) {
        EXPECT_EQ(e.kind(), ErrorKind::bad_input) << d.name << ": " << e.what();
      }
    }
  EXPECT_GT(predicted, 100);
}

}  // namespace
}  // namespace wattline::physics
