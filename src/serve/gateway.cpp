#include "serve/gateway.h"

#include <algorithm>
#include <random>
#include <thread>

#include <fmt/format.h>

#include "catalog/place_options.h"
#include "kernel/json.h"
#include "serve/admin_api.h"
#include "serve/dialect.h"
#include "serve/place_shown.h"
#include "serve/plugins/plugin_memory.h"
#include "serve/route/family.h"
#include "serve/semantic/semantic_cache.h"
#include "text/find_encoder.h"

namespace wattline::serve {
namespace {

std::size_t count_or_cores(int n) {
  return n > 0 ? static_cast<std::size_t>(n) : std::max<std::size_t>(1, std::thread::hardware_concurrency());
}

// A header's value must not hold what ends it.
std::string header_text(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (static_cast<unsigned char>(c) < ' ' || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  return out;
}

std::string response_head(const ServedModel& m) {
  return fmt::format("x-wattline-model: {}\r\nx-wattline-upstream: {}\r\nx-wattline-place: {}\r\n", header_text(m.id),
                     header_text(m.basis->upstream), header_text(place_shown(m.basis->place)));
}

std::string request_head(const UpstreamConfig& config, std::string_view path) {
  std::string head = fmt::format("POST {}{} HTTP/1.1\r\nhost: {}\r\n", config.url.path, path, config.url.authority);
  if (config.anthropic) head += anthropic_upstream().headers(config.api_key.reveal());
  else if (!config.api_key.empty()) head += fmt::format("authorization: Bearer {}\r\n", config.api_key.reveal());
  return head + "content-type: application/json\r\nuser-agent: wattline\r\ncontent-length: ";
}

// The source of a figure that an agent tells.
std::string how_metered(const AgentConfig& agent, const AgentSelection& what) {
  const std::string part = !what.consumer.empty()     ? fmt::format("{} {}", what.level, what.consumer)
                           : !what.components.empty() ? fmt::format("{}", fmt::join(what.components, ", "))
                                                      : "all its components";
  return fmt::format("agent {} ({}): {}{}, shared among the requests under way", agent.name, agent.url, part,
                     what.idle ? ", idle power while busy included" : ", without idle power");
}

}  // namespace

Gateway::Gateway(Config config, GatewayParts parts)
    : lasting_(parts.lasting ? parts.lasting : std::make_shared<Lasting>()),
      connections(lasting_->connections),
      requests(lasting_->requests),
      refused(lasting_->refused),
      config_(std::move(config)),
      parts_(std::move(parts)),
      admission_(config_.server),
      cpu_energy_(parts_.host) {
  home_ = &footprint(config_.server.place, config_.server.pue);
  by_upstream_["builtin"] = home_;
  if (config_.builtin.enabled) {
    std::vector<std::string> known = lm::builtin_names();
    for (const auto& m : parts_.models) known.push_back(m->name());
    const auto wanted = [&](const std::string& name) {
      const auto& list = config_.builtin.models;
      return list.empty() || std::find(list.begin(), list.end(), name) != list.end();
    };
    for (const auto& name : config_.builtin.models)
      if (std::find(known.begin(), known.end(), name) == known.end())
        throw unknown_name("built-in model", name, known, "wattline lm models").at("builtin.models");
    for (const auto& name : lm::builtin_names())
      if (wanted(name)) add_builtin(lm::builtin_model(name));
    for (const auto& m : parts_.models)
      if (wanted(m->name())) add_builtin(m);
  }
  for (const auto& u : config_.upstreams) add_upstream(u);
  if (models_.empty())
    throw Error(ErrorKind::unsupported,
                "nothing is served: this build holds no built-in model, and the configuration names no upstream",
                config_.file, "add [[upstream]] with url and models to a file and give it as --config");
  make_pools();
  for (const auto& m : models_)
    if (const auto [it, added] = by_id_.emplace(m->id, m.get()); !added && (!m->pool || m->pool != it->second->pool))
      throw bad_input(fmt::format("the model id '{}' is taken by a built-in model", m->id), config_.file,
                      "give the upstream's model another id, or leave it out of builtin.models");
  make_routers();
  if (config_.cache.enabled) make_cache();
  if (!config_.access_log.file.empty()) access_log_ = std::make_unique<AccessLog>(config_.access_log, parts_.log);
  if (!config_.tracing.endpoint.empty()) {
    std::string instance;
    std::random_device device;
    for (int i = 0; i < 4; ++i) fmt::format_to(std::back_inserter(instance), "{:08x}", device());
    tracing_ = std::make_unique<OtlpExporter>(config_.tracing,
                                              OtlpResource{config_.tracing.service_name, WATTLINE_VERSION, instance},
                                              post_to(config_.tracing), parts_.log);
  }
  generator_ = std::make_unique<Generator>(count_or_cores(config_.builtin.workers),
                                           static_cast<std::size_t>(config_.builtin.queue));
  if (config_.feedback.enabled) {
    if (lasting_->feedback) lasting_->feedback->apply(config_.feedback);
    else lasting_->feedback = std::make_unique<FeedbackDesk>(config_.feedback);
  }
  if (cache_ && cache_->semantic && lasting_->feedback) cache_->semantic->listen(*lasting_->feedback);
  if (config_.adaptation.enabled) {
    if (lasting_->adaptation) lasting_->adaptation->apply(config_.adaptation);
    else lasting_->adaptation = std::make_unique<AdaptationStore>(config_.adaptation, parts_.log);
    if (lasting_->feedback) lasting_->adaptation->listen(*lasting_->feedback);
    for (const auto& r : routers_) r->adapt(lasting_->adaptation.get());
  }
  // Last, since it changes what lasts; and before the recorder takes up what an earlier run left for the ledger.
  if (lasting_->governor || config_.governance.active() || !config_.server.api_key.empty()) add_governor();
  if (lasting_->recorder) return;
  RecorderOptions options;
  options.answers_kept = static_cast<std::size_t>(config_.server.answers_kept);
  options.log = parts_.log;
  lasting_->recorder = std::make_unique<Recorder>(config_.server.ledger ? parts_.sink : nullptr, std::move(options));
}

Gateway::~Gateway() { generator_.reset(); }

const Footprint& Gateway::footprint(const std::string& place, std::optional<double> pue) {
  auto& held = footprints_[{place, pue.value_or(0)}];
  if (!held) {
    catalog::PlaceOptions options;
    options.place = place;
    options.pue = pue;
    catalog::Grid grid = catalog::resolve(options, *parts_.catalog);
    // The world stands in for an unknown place; a row of the ledger that named it could not be put right by a report.
    if (place.empty()) grid.place.clear();
    held = std::make_unique<Footprint>(std::move(grid));
  }
  return *held;
}

void Gateway::add_builtin(std::shared_ptr<const lm::Model> model) {
  auto m = std::make_unique<ServedModel>();
  m->id = model->name();
  m->builtin = std::move(model);
  m->footprint = home_;
  const auto& host = *parts_.host;
  auto sources = host.sources();
  sources.insert(sources.begin(), "thread CPU time of the answer");
  m->basis = home_->basis(m->id, "", "builtin", host.device(), host.method(), std::move(sources));
  m->metrics = lasting_->metrics(m->id, "builtin");
  m->head = response_head(*m);
  models_.push_back(std::move(m));
}

void Gateway::add_upstream(const UpstreamConfig& config) {
  auto up = std::make_unique<Upstream>();
  up->config = config;
  up->index = upstreams_.size();
  up->drained = config.drain;
  up->footprint =
      &footprint(config.place.empty() ? config_.server.place : config.place, config.pue             ? config.pue
                                                                             : config.place.empty() ? config_.server.pue
                                                                                                    : std::nullopt);
  by_upstream_[config.name] = up->footprint;
  for (std::size_t i = 0; i < endpoint_count; ++i) up->heads[i] = request_head(config, endpoint_names[i].path);
  up->count_head = request_head(config, "/messages/count_tokens");
  const auto* device = config.device.empty() ? nullptr : &parts_.catalog->device(config.device);
  if (shares_cpu_time(config, *parts_.catalog)) up->share = lasting_->cpu_share(config.url.port);
  std::string metered_how;
  if (!config.metered.agent.empty()) {
    const auto agent = std::find_if(config_.agents.begin(), config_.agents.end(),
                                    [&](const AgentConfig& a) { return a.name == config.metered.agent; });
    if (agent == config_.agents.end())
      throw bad_input(fmt::format("there is no [[agent]] of the name '{}'", config.metered.agent),
                      config.metered.where);
    up->agent = lasting_->agent_feed(*agent, parts_.log);
    up->metered = up->agent->share(config.metered.selection);
    metered_how = how_metered(*agent, config.metered.selection);
  }

  const auto& host = *parts_.host;
  for (const auto& served : config.models) {
    auto m = std::make_unique<ServedModel>();
    m->id = served.id;
    m->upstream = up.get();
    m->upstream_name = served.upstream_name;
    m->context = served.context;
    if (m->context == 0 && !served.catalog.empty()) m->context = parts_.catalog->model(served.catalog).context;
    m->footprint = up->footprint;
    if (device && !served.catalog.empty()) {
      physics::Serving serving;
      serving.devices = config.devices;
      serving.weight_bits = config.weight_bits;
      serving.kv_bits = config.kv_bits;
      m->table = std::make_unique<EnergyTable>(parts_.catalog->model(served.catalog), *device, serving, config.batch,
                                               static_cast<double>(config.max_in_flight), *parts_.catalog);
      for (const auto& w : m->table->warnings()) log(fmt::format("{}: {}", m->id, w));
    }
    const auto modelled = [&] {
      return up->footprint->basis(m->id, served.catalog, config.name, config.device, Method::modelled,
                                  m->table->sources());
    };
    if (up->share) {
      auto sources = host.sources();
      sources.insert(
          sources.begin(),
          fmt::format("CPU time of the process listening on port {}, shared among its requests", config.url.port));
      m->basis =
          up->footprint->basis(m->id, served.catalog, config.name, host.device(), host.method(), std::move(sources));
      m->unseen_basis =
          m->table ? modelled()
                   : up->footprint->basis(
                         m->id, served.catalog, config.name, host.device(), Method::modelled,
                         {"process not visible: between no and all cores busy for as long as the answer took"});
    } else {
      if (!m->table)
        throw bad_input(fmt::format("the energy of model '{}' can neither be measured nor modelled", m->id),
                        served.where, "name the upstream's device and the model's catalog name");
      m->basis = modelled();
    }
    if (up->metered) {
      const auto by_agent = [&](Method method) {
        return up->footprint->basis(m->id, served.catalog, config.name, config.device, method, {metered_how});
      };
      m->metered_basis = by_agent(Method::measured);
      m->metered_model_basis = by_agent(Method::modelled);
    }
    m->metrics = lasting_->metrics(m->id, config.name);
    m->head = response_head(*m);
    models_.push_back(std::move(m));
  }
  upstreams_.push_back(std::move(up));
}

void Gateway::add_governor() {
  auto& governor = lasting_->governor;
  const bool first = !governor;
  if (first) {
    Governor::Options options;
    options.log = parts_.log;
    governor = std::make_unique<Governor>(config_.governance, config_.server.api_key, std::move(options));
  } else {
    governor->apply(config_.governance);
  }
  for (const auto& m : models_) m->governed = governor->add_model(m->id, m->footprint->grid().pue.value().base());
  if (config_.governance.admin.listen) {
    AdminApi::Hooks hooks;
    hooks.upstreams = [this] {
      std::vector<AdminApi::UpstreamState> out;
      for (const auto& u : upstreams_) out.push_back({u->config.name, u->in_flight.load(), u->drained.load()});
      return out;
    };
    hooks.drain = [this](const std::string& name, bool drain) {
      for (const auto& u : upstreams_)
        if (u->config.name == name) {
          u->drained = drain;
          return true;
        }
      return false;
    };
    hooks.more = [this](const HttpRequest& r, std::string_view rest) { return administer(r, rest); };
    admin_ = std::make_unique<AdminApi>(*governor, config_.governance.admin, std::move(hooks));
  }
  if (!first || !parts_.usage) return;
  governor->restore(*parts_.usage, [&](const PastAnswer& past, Answer& a) {
    // As where it ran, if that still serves; else by the place that the ledger names.
    const auto it = by_upstream_.find(past.upstream);
    const Footprint* f = it == by_upstream_.end() ? home_ : it->second;
    if (!past.place.empty() && f->grid().place != past.place && parts_.catalog->find_place(past.place))
      f = &footprint(std::string(past.place), std::nullopt);
    f->apply(a);
  });
}

void Gateway::make_routers() {
  auto all = config_.routers;
  if (all.empty()) all = family_routers(models_);
  if (!lasting_->learned && !all.empty())
    lasting_->learned = std::make_unique<LearnedState>(config_.feedback.state, parts_.log);
  for (const auto& r : all) {
    if (by_id_.contains(r.id))
      throw bad_input(fmt::format("the router '{}' has the id of a served model", r.id), r.where,
                      "give it another id: clients ask for a model by it");
    routers_.push_back(std::make_unique<Router>(
        r, routers_.size(), [this](std::string_view id) { return find(id); }, load_quality(r),
        [this](const LearnedState::Name& name, const auto& make) { return lasting_->learned->selector(name, make); }));
    if (config_.feedback.enabled && !config_.feedback.file.empty()) routers_.back()->tell_what_is_seen();
    for (const auto& f : routers_.back()->findings())
      log(fmt::format("router '{}': {}: {}; {}", r.id, f.where, f.message, f.fix));
    add_self(*routers_.back());
  }
  if (routers_.empty()) return;
  grid_ = std::make_unique<GridNow>(config_.grid, parts_.catalog, meter::Roots::from_environment(), parts_.log);
  grid_->set_home(grid_->place(home_->grid()));
  for (const auto& m : models_) m->grid = &grid_->place(m->footprint->grid());
  grid_->start();
}

// A fast response spends what choosing it took, here.
void Gateway::add_self(const Router& r) {
  if (r.has_plugins() && !lasting_->plugins) lasting_->plugins = std::make_shared<PluginMemory>();
  if (r.selects_tools()) lasting_->plugins->tools();  // its encoder is read now, and not when somebody waits
  auto& self = router_selves_.emplace_back();
  if (!r.answers_itself()) return;
  self = std::make_unique<ServedModel>();
  self->id = r.id();
  self->footprint = home_;
  self->basis = home_->basis(r.id(), "", "router", parts_.host->device(), parts_.host->method(),
                             {"a fixed answer: only choosing it took work"});
  self->metrics = lasting_->metrics(r.id(), "router");
  self->head = response_head(*self);
}

void Gateway::make_cache() {
  cache_ = std::make_unique<AnswerCache>(config_.cache);
  const auto& host = *parts_.host;
  auto sources = host.sources();
  sources.insert(sources.begin(),
                 "an earlier answer given again: CPU time of choosing a model and of looking for a similar answer");
  for (const auto& m : models_) {
    const Basis& b = *m->basis;
    m->repeat_basis = m->footprint->basis(b.model, b.catalog_model, b.upstream, b.device, b.energy.method,
                                          {"an earlier answer given again: nothing ran at the device"});
    m->found_basis = m->footprint->basis(b.model, b.catalog_model, b.upstream, host.device(), host.method(), sources);
  }
  if (!config_.cache.semantic.enabled) return;
  const auto found = text::find_encoder();
  log(fmt::format("the semantic cache reads questions with {} ({})", found.encoder->name(), found.encoder->limits()));
  cache_->semantic =
      std::make_unique<SemanticCache>(config_.cache.semantic, config_.cache.by_user, found.encoder, lasting_->semantic);
}

const Router* Gateway::router(std::string_view id) const {
  for (const auto& r : routers_)
    if (r->id() == id) return r.get();
  return nullptr;
}

const ServedModel* Gateway::find(std::string_view id) const {
  const auto it = by_id_.find(id);
  return it == by_id_.end() ? nullptr : it->second;
}

ApiError Gateway::unknown_model(std::string_view id) const {
  std::vector<std::string> known;
  for (const auto& m : models_)
    if (find(m->id) == m.get()) known.push_back(m->id);  // a pool once
  const auto near = nearest(id, known, 3);
  return {404,
          fmt::format("The model '{}' does not exist here; {} is served", id.substr(0, 100),
                      fmt::join(near.empty() ? known : near, ", ")),
          "invalid_request_error", "model", "model_not_found"};
}

void Gateway::settle(Answer& a, const ServedModel& m, const Spent& spent) const {
  charge(a, m, spent, cpu_energy_);
  m.footprint->apply(a);
}

AnswerPtr Gateway::record(Answer&& a, const ServedModel& m) {
  m.metrics->add(a);
  m.observed->add(a);
  if (a.route)
    if (const Router* r = router(a.route->router)) r->answered(a);
  auto kept = std::make_shared<const Answer>(std::move(a));
  lasting_->recorder->record(kept);
  return kept;
}

}  // namespace wattline::serve
