// Whatever an engine sends, what is read of it are finite counts.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "serve/engine_metrics.h"
#include "serve/retry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto load = wattline::serve::read_engine_metrics(text)) {
    if (!std::isfinite(load->waiting) || !std::isfinite(load->running) || load->waiting < 0 || load->running < 0)
      std::abort();
    if (load->cache_used && !(*load->cache_used >= 0 && *load->cache_used <= 1)) std::abort();
  }
  if (const auto wait = wattline::serve::read_retry_after(text, 1'700'000'000); wait && !(wait->base() >= 0))
    std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"vllm:num_requests_running{engine=\"0\",model_name=\"a\\\"}\"} 8.0\nvllm:num_requests_waiting 3e1 17\n",
          "llamacpp:requests_processing 1\r\nllamacpp:requests_deferred 2\n",
          "# TYPE x gauge\nsglang:token_usage{} 0.5", "120", "Thu, 01 Jan 1970 00:01:00 GMT"};
}
