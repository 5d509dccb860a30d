// Looks after one upstream from one thread: asks now and then whether it is well, and reads its engine's
// queue, each as its configuration says.
#pragma once

#include <memory>
#include <string>

#include "serve/io_thread.h"

namespace wattline::serve {

class UpstreamWatch {
 public:
  UpstreamWatch(IoThread&, Upstream&);
  ~UpstreamWatch();
  UpstreamWatch(const UpstreamWatch&) = delete;
  UpstreamWatch& operator=(const UpstreamWatch&) = delete;

  // Nothing when nothing is to be looked after. Counts as the thread's background until stop() took effect.
  void start();
  // From the thread.
  void stop();

 private:
  class Poll;
  void check_health(const UpstreamExchange&, const std::optional<ApiError>&);
  void read_queue(UpstreamExchange&, const std::optional<ApiError>&);

  IoThread& thread_;
  Upstream& upstream_;
  std::unique_ptr<Poll> health_, queue_;
  bool queue_told_ = true;
};

}  // namespace wattline::serve
