// The queue of an inference engine, read from its Prometheus metrics (text exposition format 0.0.4):
// vLLM's vllm:num_requests_waiting, vllm:num_requests_running, vllm:kv_cache_usage_perc (older:
// vllm:gpu_cache_usage_perc); llama.cpp's llamacpp:requests_deferred, llamacpp:requests_processing,
// llamacpp:kv_cache_usage_ratio; SGLang's sglang:num_queue_reqs, sglang:num_running_reqs,
// sglang:token_usage. Lines of several models or ranks of one engine are added up, the largest use of
// their caches counts. Whatever else is there is skipped, whatever its shape.
#pragma once

#include <optional>
#include <string_view>

namespace wattline::serve {

struct EngineLoad {
  double waiting = 0, running = 0;  // requests
  std::optional<double> cache_used;  // 0 to 1
};

// Nothing when neither waiting nor running requests are told.
std::optional<EngineLoad> read_engine_metrics(std::string_view text);

}  // namespace wattline::serve
