// What outlives a configuration: a gateway is made anew from each that is taken, while the books go on. Counters never
// fall back, budgets stay used, answers stay known, and two generations that serve at the same time for a while
// share what a process on this machine has spent.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "kernel/time.h"
#include "serve/adapt/adaptation_store.h"
#include "serve/cpu_share.h"
#include "serve/feedback/feedback_desk.h"
#include "serve/feedback/learned_state.h"
#include "serve/governor.h"
#include "serve/metered/agent_feed.h"
#include "serve/metrics.h"
#include "serve/recorder.h"
#include "serve/semantic/counts.h"

namespace wattline::serve {

struct PluginMemory;

struct Lasting {
  std::int64_t started_ns = monotonic_ns();
  Time started = Time::now();
  std::atomic<std::int64_t> connections{0}, requests{0}, refused{0};
  std::atomic<std::int64_t> reloads_taken{0}, reloads_refused{0};
  std::atomic<bool> last_reload_taken{true};
  std::unique_ptr<Governor> governor;  // null where neither keys nor queues are configured; outlives the recorder
  std::unique_ptr<Recorder> recorder;
  std::unique_ptr<FeedbackDesk> feedback;  // null until it is first configured
  std::unique_ptr<AdaptationStore> adaptation;  // likewise; listens to feedback
  std::unique_ptr<LearnedState> learned;  // of routing algorithms; null without routers
  std::shared_ptr<PluginMemory> plugins;  // what plugins keep; null where no router has any
  const std::shared_ptr<SemanticCounts> semantic = std::make_shared<SemanticCounts>();

  // The one of this name, made by `make` where it is the first.
  std::shared_ptr<ModelMetrics> metrics(const std::string& model, const std::string& upstream) {
    std::lock_guard lock(mutex_);
    auto& held = metrics_[{model, upstream}];
    if (!held) held = std::make_shared<ModelMetrics>(model, upstream);
    return held;
  }
  // Of the process that listens on this port.
  std::shared_ptr<CpuShare> cpu_share(std::uint16_t port) {
    std::lock_guard lock(mutex_);
    auto& held = shares_[port];
    if (!held) held = std::make_shared<CpuShare>(cpu_of_listener(port));
    return held;
  }
  // That asks this agent; it ends with the last upstream that it measures.
  std::shared_ptr<AgentFeed> agent_feed(const AgentConfig& config, const std::function<void(std::string_view)>& log) {
    std::lock_guard lock(mutex_);
    std::erase_if(agents_, [](const auto& held) { return held.expired(); });
    for (const auto& held : agents_)
      if (auto feed = held.lock(); feed && feed->is_of(config)) return feed;
    auto feed = std::make_shared<AgentFeed>(config, log);
    agents_.push_back(feed);
    return feed;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, std::shared_ptr<ModelMetrics>> metrics_;
  std::map<std::uint16_t, std::shared_ptr<CpuShare>> shares_;
  std::vector<std::weak_ptr<AgentFeed>> agents_;
};

}  // namespace wattline::serve
