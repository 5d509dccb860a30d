// Asks one agent again and again, on a thread of its own, and tells the shares of its upstreams what it drew.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "meter/fleet/agent_tally.h"
#include "serve/metered/agent_config.h"
#include "serve/metered/agent_share.h"

namespace wattline::serve {

class AgentFeed {
 public:
  // How the agent is asked; `cancelled` is asked some ten times a second. An Error is told to the shares and in the log.
  using Ask = std::function<meter::PulledSnapshot(const std::function<bool()>& cancelled)>;
  AgentFeed(AgentConfig, std::function<void(std::string_view)> log);
  AgentFeed(AgentConfig, std::function<void(std::string_view)> log, Ask);  // for tests
  ~AgentFeed();
  AgentFeed(const AgentFeed&) = delete;
  AgentFeed& operator=(const AgentFeed&) = delete;

  // Of this selection: all who ask for it share one, since requests of several upstreams may bear the same joules.
  std::shared_ptr<AgentShare> share(const AgentSelection&);
  // What the thread does each interval. False: it did not answer.
  bool ask_once();

  const AgentConfig& config() const { return config_; }
  // Whether another configuration is of the same agent, asked in the same way.
  bool is_of(const AgentConfig&) const;
  struct State {
    bool answers = false;
    std::string host, trouble;
  };
  State state() const;

 private:
  struct Held {
    std::shared_ptr<AgentShare> share;
    bool in_trouble = false;  // of its own, and said
  };
  void run(const std::stop_token&);
  void take(const meter::PulledSnapshot&, double answered);
  void say_trouble(const std::string& why);
  void say_change(Held&, const std::string& trouble);

  const AgentConfig config_;
  const std::function<void(std::string_view)> log_;
  const Ask ask_;
  std::atomic<bool> leaving_{false};

  mutable std::mutex mutex_;  // of what follows
  std::map<AgentSelection, Held> shares_;
  std::optional<meter::Published> last_;
  double last_end_ = 0;  // of it, monotonic s
  std::string stranger_;  // a run of an agent that cannot be a later one of this
  int strangers_ = 0, well_ = 0;  // answers in a row: of that one; good ones since trouble was told
  State state_;
  bool said_ = false;

  std::condition_variable_any wake_;
  std::jthread thread_;
};

}  // namespace wattline::serve
