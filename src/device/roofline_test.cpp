#include "device/roofline.h"

#include <cmath>
#include <iostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "device/capabilities.h"
#include "kernel/error.h"

namespace wattline::device {
namespace {

using testing::HasSubstr;

Context context() {
  static const auto catalog = catalog::Catalog::load();
  Context c;
  c.provide<catalog::Catalog>(catalog);
  return c;
}
Result run(std::vector<std::string> words) {
  const Capability c = roofline_capability();
  Context with = context();
  return c.run(options_from_arguments(c, words).get(), with);
}
double value(const Result& r, const char* name) {
  const EstimateBlock* e = r.find_estimate(name);
  EXPECT_NE(e, nullptr) << name;
  return e ? e->measure.value : std::nan("");
}
std::string refusal(std::vector<std::string> words) {
  try {
    run(std::move(words));
  } catch (const Error& e) {
    EXPECT_TRUE(e.kind() == ErrorKind::bad_input || e.kind() == ErrorKind::not_found) << e.what();
    return e.what();
  }
  ADD_FAILURE() << "taken";
  return {};
}

TEST(device_roofline, examples_say_what_they_promise) {
  for (const Capability& c : capabilities())
    for (const Example& e : c.examples) {
      const std::string text = to_text(run(e.arguments), 160);
      EXPECT_THAT(text, HasSubstr(e.expects));
    }
}

TEST(device_roofline, answers_in_every_form) {
  const Result r = run({"llama-3.1-8b", "H100 SXM5", "--place", "FR", "--batch", "8"});
  for (const char* name : {"energy", "carbon", "water", "energy_per_token", "throughput", "first_token", "output_token",
                           "time", "weights", "kv_per_token", "memory"})
    EXPECT_GT(value(r, name), 0) << name;
  EXPECT_EQ(value(r, "kv_per_token"), 128);  // KiB
  const Table* t = r.find_table("device.roofline.v1");
  ASSERT_NE(t, nullptr);
  ASSERT_EQ(t->rows(), 2u);
  EXPECT_EQ(t->column("bound").texts()[0], "compute");
  EXPECT_EQ(t->column("bound").texts()[1], "memory");
  for (std::size_t row = 0; row < 2; ++row) {
    EXPECT_LT(t->column("of_peak").numbers()[row], 100);
    EXPECT_LT(t->column("of_bandwidth").numbers()[row], 100);
    EXPECT_GT(t->column("time_high").numbers()[row], t->column("time").numbers()[row]);
  }
  EXPECT_GT(r.factors.size(), 12u);
  EXPECT_TRUE(r.warnings.empty());
  EXPECT_FALSE(to_json(r).empty());
  EXPECT_THAT(to_html(r), testing::Not(HasSubstr("NaN")));
  EXPECT_THAT(to_csv(r), HasSubstr("prefill"));
}

TEST(device_roofline, energy_of_the_phases_is_that_of_the_request) {
  const Result r = run({"qwen3-14b", "H100 SXM5", "--batch", "4", "--output-tokens", "300"});
  const Table* t = r.find_table("device.roofline.v1");
  const auto& energy = t->column("energy").numbers();
  const EstimateBlock* e = r.find_estimate("energy_per_token");
  EXPECT_NEAR(e->measure.value * 300, energy[0] + energy[1], 1e-6 * (energy[0] + energy[1]));
  EXPECT_THAT(r.warnings, testing::Contains(HasSubstr("no place given")));
}

TEST(device_roofline, sweeps) {
  const Result batch = run({"llama-3.1-70b", "H100 SXM5", "--devices", "4", "--sweep", "batch"});
  const Table* t = batch.find_table("device.roofline.sweep.v1");
  ASSERT_NE(t, nullptr);
  const auto& per_token = t->column("energy_per_token").numbers();
  ASSERT_EQ(per_token.size(), 11u);
  for (std::size_t i = 1; i < per_token.size(); ++i) EXPECT_LT(per_token[i], per_token[i - 1]);
  const Result bits = run({"llama-3.1-8b", "H100 SXM5", "--sweep", "weight-bits", "--format", "bf16"});
  const auto& by_bits = bits.find_table("device.roofline.sweep.v1")->column("energy_per_token").numbers();
  for (std::size_t i = 1; i < by_bits.size(); ++i) EXPECT_GT(by_bits[i], by_bits[i - 1]);
  const Result prompt = run({"llama-2-7b", "H100 SXM5", "--sweep", "prompt"});
  EXPECT_EQ(prompt.find_table("device.roofline.sweep.v1")->column("prompt_tokens").numbers().back(), 4096 - 200);
  EXPECT_TRUE(prompt.warnings.empty() || prompt.warnings.size() == 1u);  // only the place
  const Result devices = run({"llama-3.1-70b", "H100 SXM5", "--sweep", "devices"});
  const auto& fits = devices.find_table("device.roofline.sweep.v1")->column("fits").integers();
  EXPECT_EQ(fits.front(), 0);
  EXPECT_EQ(fits.back(), 1);
}

TEST(device_roofline, a_sweep_of_an_answer_longer_than_the_context) {
  const Result r = run({"gpt-2", "H100 SXM5", "--sweep", "prompt", "--output-tokens", "5000"});
  EXPECT_EQ(r.find_table("device.roofline.sweep.v1")->rows(), 1u);
}

TEST(device_roofline, requests_without_prompt_or_answer) {
  const Result classified = run({"llama-3.1-8b", "H100 SXM5", "--output-tokens", "0"});
  EXPECT_EQ(classified.find_estimate("energy_per_token"), nullptr);
  EXPECT_EQ(classified.find_estimate("output_token"), nullptr);
  EXPECT_GT(value(classified, "energy"), 0);
  EXPECT_THAT(to_text(classified), testing::Not(HasSubstr("nan")));
  const Result written = run({"llama-3.1-8b", "H100 SXM5", "--prompt-tokens", "0"});
  EXPECT_GT(value(written, "energy_per_token"), 0);
  EXPECT_THAT(to_html(written), testing::Not(HasSubstr("NaN")));
  EXPECT_THAT(to_html(run({"llama-3.1-8b", "H100 SXM5", "--output-tokens", "0", "--sweep", "batch"})),
              testing::Not(HasSubstr("NaN")));
}

TEST(device_roofline, says_what_does_not_fit) {
  EXPECT_THAT(run({"llama-3.1-405b", "H100 SXM5"}).warnings, testing::Contains(HasSubstr("does not fit")));
  EXPECT_THAT(run({"gpt-4", "H100 SXM5"}).warnings, testing::Contains(HasSubstr("not published")));
}

TEST(device_roofline, refuses_bad_input) {
  EXPECT_THAT(refusal({"llama-3.1-8b"}), HasSubstr("device"));
  EXPECT_THAT(refusal({"llama-3.1-8c", "H100 SXM5"}), HasSubstr("llama-3.1-8b"));
  EXPECT_THAT(refusal({"llama-3.1-8b", "H100 SXM55"}), HasSubstr("H100 SXM5"));
  EXPECT_THAT(refusal({"llama-3.1-8b", "H100 SXM5", "--weight-bits", "0"}), HasSubstr("weight-bits"));
  EXPECT_THAT(refusal({"llama-3.1-8b", "H100 SXM5", "--batch", "0"}), HasSubstr("batch"));
  EXPECT_THAT(refusal({"llama-3.1-8b", "H100 SXM5", "--devices", "-1"}), HasSubstr("devices"));
  EXPECT_THAT(refusal({"llama-3.1-8b", "H100 SXM5", "--format", "fp3"}), HasSubstr("fp3"));
  EXPECT_THAT(refusal({"llama-3.1-8b", "H100 SXM5", "--prompt-tokens", "10", "--cached-tokens", "11"}),
              HasSubstr("cached"));
  EXPECT_THAT(refusal({"llama-3.1-8b", "H100 SXM5", "--prompt-tokens", "0", "--output-tokens", "0"}),
              HasSubstr("neither"));
  EXPECT_THAT(refusal({"llama-3.1-8b", "H100 SXM5", "--place", "Frnce"}), HasSubstr("France"));
}

TEST(device_roofline, refuses_a_device_without_bandwidth) {
  static const auto catalog = catalog::Catalog::load();
  for (const catalog::Device& d : catalog->devices())
    if (!d.bandwidth) {
      EXPECT_THAT(refusal({"llama-3.1-8b", d.name}), HasSubstr("bandwidth"));
      return;
    }
}

TEST(device_roofline, a_sweep_can_be_cancelled) {
  const Capability c = roofline_capability();
  std::stop_source stop;
  stop.request_stop();
  Context with = context();
  with.stop = stop.get_token();
  const auto options = options_from_arguments(c, {"llama-3.1-8b", "H100 SXM5", "--sweep", "batch"});
  try {
    c.run(options.get(), with);
    FAIL() << "not cancelled";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::cancelled);
  }
}

}  // namespace
}  // namespace wattline::device
