#include "serve/engine_metrics.h"

#include <string>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

TEST(EngineMetrics, OfVllm) {
  const auto load = read_engine_metrics(
      "# HELP vllm:num_requests_running Number of requests in model execution batches.\n"
      "# TYPE vllm:num_requests_running gauge\n"
      "vllm:num_requests_running{engine=\"0\",model_name=\"meta-llama/Llama-3.1-8B-Instruct\"} 8.0\n"
      "vllm:num_requests_waiting{engine=\"0\",model_name=\"meta-llama/Llama-3.1-8B-Instruct\"} 3.0\n"
      "vllm:kv_cache_usage_perc{engine=\"0\",model_name=\"meta-llama/Llama-3.1-8B-Instruct\"} 0.41\n"
      "vllm:num_requests_waiting_total{engine=\"0\"} 9\n"
      "vllm:prompt_tokens_total{engine=\"0\"} 1.0e+06\n");
  ASSERT_TRUE(load);
  EXPECT_EQ(load->running, 8);
  EXPECT_EQ(load->waiting, 3);
  EXPECT_EQ(load->cache_used, 0.41);
}

TEST(EngineMetrics, OfSeveralRanksIsTheSumAndTheFullestCache) {
  const auto load = read_engine_metrics(
      "vllm:num_requests_running{engine=\"0\"} 8\nvllm:num_requests_running{engine=\"1\"} 4\n"
      "vllm:kv_cache_usage_perc{engine=\"0\"} 0.2\nvllm:kv_cache_usage_perc{engine=\"1\"} 0.9\n");
  ASSERT_TRUE(load);
  EXPECT_EQ(load->running, 12);
  EXPECT_EQ(load->waiting, 0);
  EXPECT_EQ(load->cache_used, 0.9);
}

TEST(EngineMetrics, OfLlamaCppAndOthers) {
  const auto llama = read_engine_metrics(
      "# TYPE llamacpp:requests_processing gauge\nllamacpp:requests_processing 1\r\nllamacpp:requests_deferred 2 "
      "1700000000000\n");
  ASSERT_TRUE(llama);
  EXPECT_EQ(llama->running, 1);
  EXPECT_EQ(llama->waiting, 2);
  EXPECT_FALSE(llama->cache_used);
  const auto sglang =
      read_engine_metrics("sglang:num_running_reqs{model_name=\"a}b \\\" c\"}\t6\nsglang:num_queue_reqs{} 7");
  ASSERT_TRUE(sglang);
  EXPECT_EQ(sglang->running, 6);
  EXPECT_EQ(sglang->waiting, 7);
}

TEST(EngineMetrics, SaysNothingOfWhatIsNotThere) {
  for (const char* text :
       {"", "\n\n", "hello", "<html>vllm:num_requests_running 3</html>", "vllm:num_requests_running",
        "vllm:num_requests_running 1x", "vllm:num_requests_running NaN", "vllm:num_requests_running -1",
        "vllm:num_requests_running{a=\"} 1", "vllm:num_requests_running +Inf", "# vllm:num_requests_running 1",
        "vllm:kv_cache_usage_perc 0.5", "vllm:num_requests_running{", "vllm:num_requests_runninger 4"})
    EXPECT_FALSE(read_engine_metrics(text)) << text;
}

TEST(EngineMetrics, OneBadLineSpoilsNoOther) {
  const auto load = read_engine_metrics("vllm:num_requests_waiting oops\nvllm:num_requests_running 2\n");
  ASSERT_TRUE(load);
  EXPECT_EQ(load->running, 2);
}

}  // namespace
}  // namespace wattline::serve
