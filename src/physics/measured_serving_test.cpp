// The roofline against what was measured on real serving engines: how often the measured figure lies
// inside the 95 % interval, and how far the value is off. The factors were fitted to the same runs (five
// numbers to two thousand points), so this guards the fit; it is no proof for other machines.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <iostream>
#include <sstream>

#include <gtest/gtest.h>

#include "kernel/table.h"
#include "kernel/testing.h"
#include "physics/roofline.h"

namespace wattline::physics {
namespace {

const catalog::Catalog& known() {
  static const auto catalog = catalog::Catalog::load();
  return *catalog;
}

std::optional<Table> shared_table(const std::string& path) {
  const auto shared = tests::shared_dir();
  if (!shared) return std::nullopt;
  std::ifstream in(*shared / path);
  if (!in) return std::nullopt;
  std::stringstream text;
  text << in.rdbuf();
  return read_csv(text.str(), path, {.infer = false});
}

class Row {
 public:
  Row(const Table& t, std::size_t row) : t_(t), row_(row) {}
  const std::string& text(const char* column) const { return t_.column(column).texts()[row_]; }
  double number(const char* column, double missing = 1) const {
    const std::string& s = text(column);
    return s.empty() ? missing : std::stod(s);
  }

 private:
  const Table& t_;
  std::size_t row_;
};

struct Score {
  const char* name;
  std::vector<double> ratios;  // measured by predicted
  int inside = 0;

  template <class Q>
  void add(double measured, const Estimate<Q>& e) {
    ratios.push_back(measured / e.value().base());
    inside += measured >= e.low().base() && measured <= e.high().base();
  }
  double covered() const { return static_cast<double>(inside) / static_cast<double>(ratios.size()); }
  double median_error() const {
    std::vector<double> e;
    for (double r : ratios) e.push_back(std::abs(r - 1));
    std::nth_element(e.begin(), e.begin() + static_cast<std::ptrdiff_t>(e.size() / 2), e.end());
    return e[e.size() / 2];
  }
  double bias() const {
    double sum = 0;
    for (double r : ratios) sum += std::log(r);
    return std::exp(sum / static_cast<double>(ratios.size()));
  }
  void report() const {
    std::cout << name << ": " << inside << " of " << ratios.size() << " inside the 95 % interval, median error "
              << std::round(1000 * median_error()) / 10 << " %, measured by predicted "
              << std::round(100 * bias()) / 100 << " (geometric mean)\n";
    testing::Test::RecordProperty(std::string(name) + "_covered", std::to_string(covered()));
    testing::Test::RecordProperty(std::string(name) + "_median_error", std::to_string(median_error()));
  }
};

// ML.ENERGY v3: H100 and B200, with power and energy of the GPUs. The prompts are not in the table;
// those of the two text tasks are short beside their answers (some 250 tokens taken).
TEST(measured_serving, time_power_and_energy_of_the_ml_energy_leaderboard) {
  const auto table = shared_table("data/mlenergy-leaderboard-tasks/configurations.csv");
  if (!table) GTEST_SKIP() << "skipped: no shared data";
  Score time{"inter_token_latency", {}}, power{"power", {}}, energy{"energy_per_request", {}};
  for (std::size_t i = 0; i < table->rows(); ++i) {
    const Row r(*table, i);
    if (r.text("task") != "gpqa" && r.text("task") != "lm-arena-chat") continue;
    const catalog::Model* m = known().find_model(r.text("model_id"));
    const catalog::Device* d = known().find_device(r.text("gpu_model") == "H100" ? "NVIDIA H100 SXM" : "NVIDIA B200");
    if (!m || !d || m->layers == 0) continue;
    const std::string& precision = r.text("weight_precision");
    const Serving s{.batch = r.number("avg_batch_size"),
                    .devices = r.number("num_gpus"),
                    .weight_bits = precision == "bfloat16" ? 16
                                   : precision == "fp8"    ? 8
                                                           : 4.25,
                    .format = precision == "fp8" ? "fp8" : "bf16"};
    const Inference p = predict(*m, *d, {250, r.number("avg_output_len")}, s, known());
    time.add(r.number("median_itl_ms") / 1e3, p.decode.time * (1 / p.decode.passes));
    const Duration total = p.prefill.time.value() + p.decode.time.value();
    power.add(r.number("avg_power_watts"),
              p.prefill.power * (p.prefill.time.value() / total) + p.decode.power * (p.decode.time.value() / total));
    energy.add(r.number("energy_per_request_joules"), p.prefill.energy + p.decode.energy);
  }
  ASSERT_GT(time.ratios.size(), 200u);
  for (const Score* s : {&time, &power, &energy}) s->report();
  for (const Score* s : {&time, &power, &energy}) EXPECT_GE(s->covered(), 0.90) << s->name;
  EXPECT_LT(time.median_error(), 0.20);
  EXPECT_LT(power.median_error(), 0.15);
  EXPECT_LT(energy.median_error(), 0.25);
}

// aiconfigurator's measured points: time per output token of vLLM, SGLang and TensorRT-LLM, where
// prompts of other requests are computed between the steps.
TEST(measured_serving, time_per_output_token_of_aiconfigurator) {
  const auto table = shared_table("data/llm-silicon/silicon_ttft_tpot.csv");
  if (!table) GTEST_SKIP() << "skipped: no shared data";
  Score time{"time_per_output_token", {}};
  for (std::size_t i = 0; i < table->rows(); ++i) {
    const Row r(*table, i);
    if (r.text("mode") != "agg" || r.number("attention_dp_size") > 1 || r.number("pp_size") > 1) continue;
    const std::string& system = r.text("system");
    const char* device = system == "h100_sxm"   ? "NVIDIA H100 SXM"
                         : system == "h200_sxm" ? "NVIDIA H200"
                         : system == "b200_sxm" ? "NVIDIA B200"
                         : system == "b300_sxm" ? "NVIDIA B300"
                                                : "";
    const catalog::Model* m = known().find_model(r.text("model_path"));
    const catalog::Device* d = known().find_device(device);
    const double batch = r.number("batch_size", 0), devices = r.number("tp_size", 0);
    if (!m || !d || m->layers == 0 || batch < 1 || devices < 1) continue;
    const std::string& kind = r.text("precision");
    const bool four = kind == "fp4" || m->name.starts_with("gpt-oss"), eight = kind == "fp8";
    const Serving s{.batch = batch,
                    .devices = devices,
                    .weight_bits = four    ? 4.25
                                   : eight ? 8
                                           : 16,
                    .format = four    ? (d->peak.contains("fp4") ? "fp4" : "bf16")
                              : eight ? "fp8"
                                      : "bf16"};
    const double output = r.number("osl");
    const Inference p = predict(*m, *d, {r.number("isl"), output}, s, known());
    time.add(r.number("silicon_tpot_ms") / 1e3, (p.prefill.time + p.decode.time) * (1 / output));
  }
  ASSERT_GT(time.ratios.size(), 500u);
  time.report();
  EXPECT_GE(time.covered(), 0.92);
  EXPECT_LT(time.median_error(), 0.25);
}

// Held out of the fit: vLLM on an RTX 4090, 300 ShareGPT-like requests, sampled each second while its
// cache of 41,408 tokens was full.
TEST(measured_serving, step_of_an_rtx_4090_that_the_fit_has_not_seen) {
  const auto table = shared_table("data/llm-serving-profiles/bench/RTX4090/Llama-3.1-8B/vllm_timeseries.csv");
  if (!table) GTEST_SKIP() << "skipped: no shared data";
  double running = 0, tokens = 0, held = 0, seconds = 0;
  for (std::size_t i = 0; i < table->rows(); ++i) {
    const Row r(*table, i);
    if (r.number("kv_cache_pct", 0) < 90) continue;  // ramp and tail
    running += r.number("running", 0);
    tokens += r.number("gen_throughput", 0);
    held += r.number("kv_cache_pct", 0) / 100 * 41408;
    seconds += 1;
  }
  ASSERT_GT(seconds, 60);
  const double batch = running / seconds, context = held / running;
  const Inference p = predict(known().model("llama-3.1-8b"), known().device("NVIDIA GeForce RTX 4090"),
                              {std::floor(context) - 50, 101}, {.batch = batch}, known());
  const Estimate<Duration> step = p.decode.time * (1 / p.decode.passes);
  const double measured = running / tokens;  // prompts computed between the steps are in it
  std::cout << "RTX 4090: " << 1e3 * measured << " ms a step measured, " << 1e3 * step.value().base() << " predicted ("
            << 1e3 * step.low().base() << " .. " << 1e3 * step.high().base() << ")\n";
  EXPECT_GT(measured, step.low().base());
  EXPECT_LT(measured, step.high().base());
  EXPECT_NEAR(measured / step.value().base(), 1, 0.3);
}

// Decode rates of a Jetson Orin Nano at 68 GB/s, 4-bit weights (4.5 with their scales), one request.
TEST(measured_serving, jetson_decode_rates) {
  const auto table = shared_table("data/gpu-specs/jetson_orin_nano_tokens_per_s.csv");
  const catalog::Device* known_device = known().find_device("NVIDIA Jetson Orin Nano 8GB");
  if (!table || !known_device) GTEST_SKIP() << "skipped: no shared data";
  catalog::Device d = *known_device;
  d.bandwidth = Bandwidth(68e9);
  Score rate{"jetson_time_per_token", {}};
  const std::map<std::string, const char*> names = {{"Llama 3.1 8B", "llama-3.1-8b"}, {"Llama 3.2 3B", "llama-3.2-3b"},
                                                    {"Qwen2.5 7B", "qwen2.5-7b"},     {"Gemma 2 2B", "gemma-2-2b"},
                                                    {"Gemma 2 9B", "gemma-2-9b"},     {"Phi 3.5 3B", "phi-3.5-mini"},
                                                    {"SmolLM2", "smollm2-1.7b"}};
  for (std::size_t i = 0; i < table->rows(); ++i) {
    const Row r(*table, i);
    const auto name = names.find(r.text("model"));
    if (name == names.end()) continue;
    const Inference p = predict(known().model(name->second), d, {64, 128}, {.weight_bits = 4.5}, known());
    rate.add(1 / r.number("original_tok_s"), p.decode.time * (1 / p.decode.passes));
  }
  ASSERT_GE(rate.ratios.size(), 6u);
  rate.report();
  EXPECT_GE(rate.covered(), 0.85);
}

}  // namespace
}  // namespace wattline::physics
