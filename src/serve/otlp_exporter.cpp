#include "serve/otlp_exporter.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include <fmt/format.h>

namespace wattline::serve {
namespace {

constexpr int tries = 5;
constexpr double first_pause_s = 1, longest_pause_s = 30;
constexpr Duration last_words{2};  // for what waits at the end

bool passing(const PostReply& r) {
  return r.status == 0 || r.status == 429 || r.status == 502 || r.status == 503 || r.status == 504;
}

}  // namespace

OtlpExporter::OtlpExporter(const TracingConfig& config, OtlpResource resource, Post post,
                           std::function<void(std::string_view)> log)
    : config_(config), resource_(std::move(resource)), post_(std::move(post)), log_(std::move(log)) {
  thread_ = std::thread([this] { run(); });
}

OtlpExporter::~OtlpExporter() { close(); }

void OtlpExporter::close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void OtlpExporter::push(SpanRecord span) {
  const auto batch = static_cast<std::size_t>(config_.batch);
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (closing_ || queue_.size() >= static_cast<std::size_t>(config_.queue)) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    queue_.push_back(std::move(span));
    wake = queue_.size() == batch;
  }
  if (wake) wake_.notify_one();
}

// False: the end came before the pause was over.
bool OtlpExporter::pause(double seconds) {
  std::unique_lock lock(mutex_);
  return !wake_.wait_for(lock, std::chrono::duration<double>(seconds), [&] { return closing_; });
}

void OtlpExporter::hand_over(std::vector<SpanRecord>& spans) {
  const std::string body = otlp_request(resource_, spans);
  double wait = first_pause_s;
  PostReply reply;
  for (int i = 0; i < tries; ++i) {
    bool closing;
    {
      std::lock_guard lock(mutex_);
      closing = closing_;
    }
    reply = post_(body, closing ? std::min(config_.timeout, last_words) : config_.timeout);
    if (reply.status >= 200 && reply.status < 300) {
      exported_.fetch_add(spans.size());
      if (std::exchange(failing_, false) && log_) log_("the trace collector takes spans again");
      return;
    }
    if (!std::exchange(failing_, true) && log_)
      log_(fmt::format("the trace collector at {} takes no spans: {}; answers go on", config_.endpoint,
                       reply.status ? fmt::format("status {}", reply.status) : reply.error));
    if (!passing(reply) || closing) break;
    if (!pause(std::min(std::max(wait, static_cast<double>(reply.retry_after_s)), longest_pause_s)))
      continue;  // one last time
    wait *= 2;
  }
  dropped_.fetch_add(spans.size());
}

void OtlpExporter::run() {
  std::vector<SpanRecord> taken, batch;
  bool last = false;
  const auto interval = std::chrono::duration<double>(config_.interval.base());
  const auto most = static_cast<std::size_t>(config_.batch);
  while (!last) {
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, interval, [&] { return closing_ || queue_.size() >= most; });
      last = closing_;
      taken.swap(queue_);
    }
    const auto until = std::chrono::steady_clock::now() + std::chrono::duration<double>(last_words.base());
    for (std::size_t at = 0; at < taken.size(); at += most) {
      const auto end = std::min(at + most, taken.size());
      if (last && std::chrono::steady_clock::now() > until) {
        dropped_.fetch_add(taken.size() - at);
        break;
      }
      batch.assign(std::make_move_iterator(taken.begin() + static_cast<std::ptrdiff_t>(at)),
                   std::make_move_iterator(taken.begin() + static_cast<std::ptrdiff_t>(end)));
      hand_over(batch);
      batch.clear();
    }
    taken.clear();
  }
}

}  // namespace wattline::serve
