// The gateway without its sockets: what is served, who may ask, what an answer cost and where it is
// told. Everything here is safe from any thread once made.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "catalog/catalog.h"
#include "kernel/account.h"
#include "kernel/json.h"
#include "meter/host_power.h"
#include "serve/access_log.h"
#include "serve/admission.h"
#include "serve/answer_cache.h"
#include "serve/config.h"
#include "serve/generator.h"
#include "serve/lasting.h"
#include "serve/line.h"
#include "serve/otlp_exporter.h"
#include "serve/pool.h"
#include "serve/route/router.h"
#include "serve/routes.h"
#include "serve/upstream.h"

namespace wattline::serve {

class AdminApi;
struct PluginMemory;

struct GatewayParts {
  std::shared_ptr<const catalog::Catalog> catalog;
  std::shared_ptr<const meter::HostPower> host;
  std::shared_ptr<AccountSink> sink;  // may be absent
  std::shared_ptr<const Routes> routes;  // of other rooms; may be absent
  std::shared_ptr<const UsageSource> usage;  // what was used before; may be absent
  std::function<void(std::string_view)> log;
  std::shared_ptr<Lasting> lasting;  // of the gateway before; null for the first
  // Models to serve besides those in the program, for tests and embedding.
  std::vector<std::shared_ptr<const lm::Model>> models;
};

class Gateway {
 public:
  // Error: the configuration names what there is not, nothing is left to serve, or a gateway that took the place of
  // another would need a restart; then nothing that lasts was changed.
  Gateway(Config, GatewayParts);
  ~Gateway();

  const Config& config() const { return config_; }
  const Admission& admission() const { return admission_; }
  const ServedModel* find(std::string_view id) const;
  // Of a virtual model; null when there is none of that name.
  const Router* router(std::string_view id) const;
  const std::vector<std::unique_ptr<Router>>& routers() const { return routers_; }
  // What routers know of the grid now; null without routers.
  const GridNow* grid() const { return grid_.get(); }
  // That stands for a router which answers by itself, in books and accounts; null of others.
  const ServedModel* self(const Router& r) const { return router_selves_[r.index()].get(); }
  PluginMemory& plugin_memory() const { return *lasting_->plugins; }
  const std::vector<std::unique_ptr<ServedModel>>& models() const { return models_; }
  const std::vector<std::unique_ptr<Upstream>>& upstreams() const { return upstreams_; }
  const std::vector<std::unique_ptr<ModelPool>>& pools() const { return pools_; }
  Generator& generator() { return *generator_; }
  // Null where neither keys nor queues are configured.
  Governor* governor() { return lasting_->governor.get(); }
  // Null where administrators have no door.
  AdminApi* admin() { return admin_.get(); }
  Recorder& recorder() { return *lasting_->recorder; }
  // What is learned of users; null where that is switched off.
  AdaptationStore* adaptation() { return config_.adaptation.enabled ? lasting_->adaptation.get() : nullptr; }
  // What users say of answers; null where that is switched off. Caches listen to it.
  FeedbackDesk* feedback() { return config_.feedback.enabled ? lasting_->feedback.get() : nullptr; }
  const std::shared_ptr<Lasting>& lasting() const { return lasting_; }
  // Each null when none is configured.
  AnswerCache* cache() { return cache_.get(); }
  AccessLog* access_log() { return access_log_.get(); }
  OtlpExporter* tracing() { return tracing_.get(); }
  // Whether anybody is to be told of requests.
  bool observes() const { return access_log_ || tracing_; }
  // Now and then: what this machine's CPU time costs.
  void refresh() { cpu_energy_.refresh(); }
  const CpuEnergy& cpu_energy() const { return cpu_energy_; }

  // The answer's cost is worked out (charge) and its footprint; what it is told with can be rendered.
  void settle(Answer&, const ServedModel&, const Spent&) const;
  // Counts, keeps and accounts for it.
  AnswerPtr record(Answer&&, const ServedModel&);
  ApiError unknown_model(std::string_view id) const;

  // Own routes and those of other rooms; what may take long is to be run on the worker pool.
  HttpReply handle(const HttpRequest&);
  bool is_quick(std::string_view path) const;
  std::string models_json(const Access& = {}) const;  // those that may be used
  void write_model(JsonWriter&, const ServedModel&) const;
  void log(std::string_view line) const {
    if (parts_.log) parts_.log(line);
  }

  std::atomic<bool> draining{false};

 private:
  std::shared_ptr<Lasting> lasting_;

 public:
  std::atomic<std::int64_t>&connections, &requests, &refused;

 private:
  const Footprint& footprint(const std::string& place, std::optional<double> pue);
  void add_builtin(std::shared_ptr<const lm::Model>);
  void add_upstream(const UpstreamConfig&);
  void add_governor();
  void make_pools();
  void make_routers();
  void add_self(const Router&);
  void make_cache();
  HttpReply own_cache(const HttpRequest&, bool& found, const Tenant* only);  // below /api/v1/cache
  void append_pools(JsonWriter&) const;  // of status_json
  void append_pool_metrics(std::string&) const;  // of metrics_text
  HttpReply own(const HttpRequest&, bool& found);
  HttpReply take_feedback(const HttpRequest&);
  HttpReply own_adaptation(const HttpRequest&);
  HttpReply evaluate_request(const HttpRequest&);
  std::optional<HttpReply> administer_adaptation(const HttpRequest&, std::string_view rest);
  // Of the admin door; nothing where it is none of ours.
  std::optional<HttpReply> administer(const HttpRequest&, std::string_view rest);
  // What plugins keep of who asks: /api/v1/memory and /api/v1/context. Nothing where it is another path.
  std::optional<HttpReply> plugin_route(const HttpRequest&);
  std::string status_json() const;
  std::string metrics_text() const;
  std::string line_json() const;

  Config config_;
  GatewayParts parts_;
  Admission admission_;
  CpuEnergy cpu_energy_;
  std::map<std::pair<std::string, double>, std::unique_ptr<Footprint>> footprints_;
  const Footprint* home_ = nullptr;
  std::vector<std::unique_ptr<Upstream>> upstreams_;
  std::vector<std::unique_ptr<ServedModel>> models_;
  std::vector<std::unique_ptr<ModelPool>> pools_;
  std::vector<std::unique_ptr<Router>> routers_;
  std::unique_ptr<GridNow> grid_;  // null without routers
  std::vector<std::unique_ptr<ServedModel>> router_selves_;  // by Router::index; null where models always answer
  std::unordered_map<std::string_view, const ServedModel*> by_id_;
  std::map<std::string, const Footprint*, std::less<>> by_upstream_;
  std::unique_ptr<AdminApi> admin_;
  std::unique_ptr<AnswerCache> cache_;
  std::unique_ptr<AccessLog> access_log_;
  std::unique_ptr<OtlpExporter> tracing_;
  std::unique_ptr<Generator> generator_;
};

}  // namespace wattline::serve
