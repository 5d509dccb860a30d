// Spans to a collector: in batches, by a thread of its own, from a bounded queue. No request waits for it;
// what does not fit, or cannot be handed over in time, is counted as dropped. Safe from any thread.
//
// A collector that is away or asks for time (429, 502, 503, 504) is tried again with growing pauses (Retry-After
// where it says so), five times a batch; what it refuses otherwise is dropped at once (OTLP/HTTP, "Failures").
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "serve/config.h"
#include "serve/otlp.h"

namespace wattline::serve {

struct PostReply {
  int status = 0;  // 0: none came
  int retry_after_s = 0;
  std::string error;  // why none came
};
// Sends one body; `timeout` bounds the whole exchange.
using Post = std::function<PostReply(const std::string& body, Duration timeout)>;
// To the endpoint of the configuration, with its headers; TLS is verified. Error world when ca_file cannot be
// read.
Post post_to(const TracingConfig&);

class OtlpExporter {
 public:
  OtlpExporter(const TracingConfig&, OtlpResource, Post, std::function<void(std::string_view)> log);
  ~OtlpExporter();
  OtlpExporter(const OtlpExporter&) = delete;
  OtlpExporter& operator=(const OtlpExporter&) = delete;

  double sample() const { return config_.sample; }
  void push(SpanRecord);
  // Hands over what waits, as far as that goes within two seconds, and ends the thread.
  void close();

  std::uint64_t exported() const { return exported_.load(); }
  std::uint64_t dropped() const { return dropped_.load(); }

 private:
  void run();
  void hand_over(std::vector<SpanRecord>&);
  bool pause(double seconds);

  TracingConfig config_;
  OtlpResource resource_;
  Post post_;
  std::function<void(std::string_view)> log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<SpanRecord> queue_;
  bool closing_ = false;
  std::atomic<std::uint64_t> exported_{0}, dropped_{0};
  bool failing_ = false;  // of the thread
  std::thread thread_;
};

}  // namespace wattline::serve
