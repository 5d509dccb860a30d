// An OpenAI-compatible server behind the gateway, and the models served: what threads share of them.
#pragma once

#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <string>

#include "lm/model.h"
#include "meter/host_power.h"
#include "serve/config.h"
#include "serve/cpu_share.h"
#include "serve/energy_table.h"
#include "serve/engine_state.h"
#include "serve/footprint.h"
#include "serve/health_state.h"
#include "serve/metered/agent_feed.h"
#include "serve/metrics.h"
#include "serve/reply_reader.h"
#include "serve/route/grid_now.h"
#include "serve/route/observed.h"

namespace wattline::serve {

class GovernedModel;

struct Upstream {
  UpstreamConfig config;
  std::size_t index = 0;
  const Footprint* footprint = nullptr;
  std::array<std::string, endpoint_count> heads;  // of requests to each endpoint, up to and with "content-length: "
  std::string count_head;  // of requests to count tokens
  std::shared_ptr<CpuShare> share;  // where its CPU time is charged
  std::shared_ptr<AgentFeed> agent;  // that measures its machine; null where none is named
  std::shared_ptr<AgentShare> metered;  // what it draws there; null without an agent
  std::atomic<int> in_flight{0};
  HealthState health;
  EngineState engine;
  std::atomic<bool> drained{false};  // by the configuration or an administrator: nothing new is asked of it
};

class ModelPool;

struct ServedModel {
  std::string id;
  Upstream* upstream = nullptr;  // null: built in
  ModelPool* pool = nullptr;  // of the upstreams that serve this id; null: there is but one, asked as it is
  Endpoints endpoints;  // that some upstream of this id serves
  std::string upstream_name;
  std::int64_t context = 0;  // tokens that fit into it, prompt and answer; 0: not known
  std::shared_ptr<const lm::Model> builtin;
  const Footprint* footprint = nullptr;
  std::unique_ptr<EnergyTable> table;  // where energy is modelled
  std::shared_ptr<const Basis> basis;  // how its energy is known
  std::shared_ptr<const Basis> metered_basis;  // as an agent tells it: by counters
  std::shared_ptr<const Basis> metered_model_basis;  // as an agent tells it that models
  std::shared_ptr<const Basis> repeat_basis;  // of answers given again; null without a cache
  std::shared_ptr<const Basis> found_basis;  // of those for which a model was chosen or a similar answer looked for
  std::shared_ptr<const Basis> unseen_basis;  // while the process of a local upstream cannot be seen
  std::shared_ptr<ModelMetrics> metrics;
  std::shared_ptr<ObservedModel> observed = std::make_shared<ObservedModel>();  // for routers
  std::string head;  // response headers that are the same for all its answers
  const GridNow::Place* grid = nullptr;  // where it runs, as routers see it; null where there are none
  GovernedModel* governed = nullptr;  // where tenants, keys or queues are configured
};

// Joules of one second of CPU time on this machine, refreshed now and then; reading it is cheap.
class CpuEnergy {
 public:
  explicit CpuEnergy(std::shared_ptr<const meter::HostPower> host) : host_(std::move(host)) { refresh(); }
  void refresh() {
    const auto e = host_->energy_of_cpu_time(units::s);
    joules_.store(e.value().base());
    sd_.store(e.sd().base());
  }
  Energy of(Duration cpu) const { return Energy(joules_.load() * cpu.base()); }
  Energy sd_of(Duration cpu) const { return Energy(sd_.load() * cpu.base()); }
  const meter::HostPower& host() const { return *host_; }

 private:
  std::shared_ptr<const meter::HostPower> host_;
  std::atomic<double> joules_{0}, sd_{0};
};

// How an answer's energy would be known now.
const Basis& basis_now(const ServedModel&);

// What is known of an answer when it ends.
struct Spent {
  TokenUsage tokens;
  double batch = 1;  // requests under way at the upstream
  bool reached = true;  // false: no connection came about, so nothing ran there
  std::optional<Duration> cpu;  // of a local upstream's process
  std::optional<AgentShare::Cost> metered;  // by its machine's agent
  Duration prefill_cpu{0}, decode_cpu{0};  // of the built-in model
};
// Fills the answer's energy (total, prefill, decode) and basis. Its times must be set.
void charge(Answer&, const ServedModel&, const Spent&, const CpuEnergy&);

}  // namespace wattline::serve
