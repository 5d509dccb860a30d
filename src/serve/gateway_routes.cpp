// The gateway's own routes besides chat completions: models, health, figures, answers, the line.
#include <charconv>
#include <fstream>

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include "kernel/json.h"
#include "serve/gateway.h"
#include "serve/place_shown.h"
#include "serve/semantic/semantic_cache.h"

namespace wattline::serve {
namespace {

constexpr std::string_view answers_prefix = "/api/v1/answers/";
constexpr std::size_t most_listed = 10'000;

HttpReply json_reply(std::string body) { return {200, "application/json", {}, std::move(body)}; }

HttpReply method_not_allowed(const char* allowed) {
  auto reply = to_reply(
      ApiError{405, fmt::format("{} is allowed here", allowed), "invalid_request_error", {}, "method_not_allowed"});
  reply.headers.emplace_back("allow", allowed);
  return reply;
}

double cpu_seconds() {
  rusage u{};
  ::getrusage(RUSAGE_SELF, &u);
  return static_cast<double>(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
         static_cast<double>(u.ru_utime.tv_usec + u.ru_stime.tv_usec) * 1e-6;
}

std::uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::uint64_t total = 0, resident = 0;
  statm >> total >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

// For clients of OpenAI and of Anthropic alike: each reads the members that it knows.
void Gateway::write_model(JsonWriter& w, const ServedModel& m) const {
  w.begin_object().member("id", m.id).member("object", "model").member("created", lasting_->started.ns / 1'000'000'000);
  w.member("owned_by", m.basis->upstream);
  w.member("type", "model")
      .member("display_name", m.id)
      .member("created_at", to_string(lasting_->started))
      .end_object();
}

std::string Gateway::models_json(const Access& access) const {
  JsonWriter w;
  w.begin_object().member("object", "list").key("data").begin_array();
  const ServedModel *first = nullptr, *last = nullptr;
  for (const auto& m : models_) {
    if (access && !lasting_->governor->may_use(access, m->id)) continue;
    if (find(m->id) != m.get()) continue;  // a further member of its pool
    write_model(w, *m);
    if (!first) first = m.get();
    last = m.get();
  }
  for (const auto& r : routers_) {
    if (r->is_variant() || (access && !lasting_->governor->may_use(access, r->id()))) continue;
    w.begin_object().member("id", r->id()).member("object", "model");
    w.member("created", lasting_->started.ns / 1'000'000'000).member("owned_by", "router").member("type", "model");
    w.member("display_name", r->id()).member("created_at", to_string(lasting_->started)).end_object();
  }
  w.end_array().member("has_more", false);
  if (first) w.member("first_id", first->id).member("last_id", last->id);
  w.end_object();
  return w.take();
}

std::string Gateway::status_json() const {
  const auto& grid = home_->grid();
  JsonWriter w;
  w.begin_object().member("version", WATTLINE_VERSION);
  w.member("uptime_s", static_cast<double>(monotonic_ns() - lasting_->started_ns) * 1e-9)
      .member("draining", draining.load());
  w.member("configuration", config_.version);
  w.key("models").begin_array();
  for (const auto& m : models_) {
    w.begin_object()
        .member("id", m->id)
        .member("upstream", m->basis->upstream)
        .member("builtin", m->builtin != nullptr);
    const Basis& now = basis_now(*m);
    w.member("device", now.device).member("energy_method", to_string(now.energy.method)).end_object();
  }
  w.end_array();
  append_pools(w);
  if (grid_) {
    w.key("grid");
    grid_->write_json(w);
  }
  w.key("place")
      .begin_object()
      .member("code", place_shown(grid.place))
      .member("name", parts_.catalog->place(grid.place).name);
  w.member("intensity_g_per_kwh", grid.carbon_intensity.value().in(units::gCO2e_per_kWh)).end_object();
  w.member("method", to_string(parts_.host->method())).member("explanation", parts_.host->explanation());
  w.member("device", parts_.host->device());
  w.key("warnings").begin_array();
  for (const auto& text : grid.warnings) w.value(text);
  w.end_array().end_object();
  return w.take();
}

std::string Gateway::line_json() const {
  const auto& answers = lasting_->recorder->answers();
  const Line line = draw_line(
      answers.latest(answers.capacity()),
      [&](const Basis& b) -> const Footprint& {
        const auto it = by_upstream_.find(b.upstream);
        return it == by_upstream_.end() ? *home_ : *it->second;
      },
      lasting_->started);
  return to_json(line, home_->grid(), parts_.catalog->place(home_->grid().place).name);
}

std::string Gateway::metrics_text() const {
  GatewayState s;
  s.version = WATTLINE_VERSION;
  s.uptime_s = static_cast<double>(monotonic_ns() - lasting_->started_ns) * 1e-9;
  s.cpu_s = cpu_seconds();
  s.resident_bytes = resident_bytes();
  s.connections = connections.load();
  s.requests = requests.load();
  s.refused = refused.load();
  s.ledger = lasting_->recorder->backlog();
  s.configuration = config_.version;
  s.reloads_taken = lasting_->reloads_taken.load();
  s.reloads_refused = lasting_->reloads_refused.load();
  s.last_reload_taken = lasting_->last_reload_taken.load();
  s.grid_g_per_kwh = home_->grid().carbon_intensity.value().in(units::gCO2e_per_kWh);
  for (const auto& u : upstreams_) s.in_flight.emplace_back(u->config.name, u->in_flight.load());
  s.in_flight.emplace_back("builtin", generator_->under_way());
  if (cache_) {
    const auto t = cache_->store.totals();
    s.cache = CacheState{t.entries,
                         t.bytes,
                         t.capacity,
                         t.stored,
                         t.evicted,
                         t.expired,
                         cache_->flights.flights(),
                         cache_->flights.followers()};
  }
  if (access_log_) s.access_log = {access_log_->lines(), access_log_->lost()};
  if (tracing_) s.spans = {tracing_->exported(), tracing_->dropped()};
  s.started_s = static_cast<double>(lasting_->started.ns) * 1e-9;
  std::vector<const ModelMetrics*> models;
  for (const auto& m : models_) models.push_back(m->metrics.get());
  for (const auto& m : router_selves_)
    if (m) models.push_back(m->metrics.get());
  std::string out = render_metrics(models, s);
  if (lasting_->governor) lasting_->governor->append_metrics(out);
  append_pool_metrics(out);
  if (config_.feedback.enabled && lasting_->feedback) lasting_->feedback->append_metrics(out);
  if (cache_ && cache_->semantic) cache_->semantic->append_metrics(out);
  return out;
}

HttpReply Gateway::own(const HttpRequest& r, bool& found) {
  const std::string& path = r.path;
  const bool get = r.method == "GET" || r.method == "HEAD";
  // Of a key that sees its own tenant's only.
  const Tenant* only = r.access && !r.access.tenant->sees_all() ? r.access.tenant : nullptr;
  const auto is_own = [&](const Answer& a) { return !only || (a.requester && a.requester->tenant == only->name()); };
  found = true;
  if (only && !shows_own_only(path))
    return to_reply(ApiError{403,
                             "this key sees what its own tenant used, at /api/v1/usage and /api/v1/answers; all else "
                             "needs a tenant with sees = \"all\"",
                             "permission_error",
                             {},
                             "own_only"});
  if (path == "/api/v1/usage" && lasting_->governor) {
    if (!get) return method_not_allowed("GET");
    return json_reply(r.access.key ? lasting_->governor->usage_json(*r.access.tenant)
                                   : lasting_->governor->usage_json());
  }
  if (auto reply = plugin_route(r)) return std::move(*reply);
  if (path == "/healthz")
    return get ? HttpReply{200, "text/plain; charset=utf-8", {}, "ok\n"} : method_not_allowed("GET");
  if (path == "/readyz") {
    if (!get) return method_not_allowed("GET");
    return draining ? HttpReply{503, "text/plain; charset=utf-8", {}, "draining\n"}
                    : HttpReply{200, "text/plain; charset=utf-8", {}, "ready\n"};
  }
  if (path == "/v1/models") return get ? json_reply(models_json(r.access)) : method_not_allowed("GET");
  if (path == "/api/v1/eval") return evaluate_request(r);
  if (path == "/v1/feedback") return take_feedback(r);
  if (path == "/v1/adaptation") return own_adaptation(r);
  if (path.starts_with("/v1/models/")) {
    if (!get) return method_not_allowed("GET");
    const auto* m = find(std::string_view(path).substr(11));
    if (r.access && !lasting_->governor->may_use(r.access, std::string_view(path).substr(11)))
      return to_reply(lasting_->governor->not_allowed(r.access, std::string_view(path).substr(11)));
    if (!m) return to_reply(unknown_model(std::string_view(path).substr(11)));
    JsonWriter w;
    write_model(w, *m);
    return json_reply(w.take());
  }
  if (path == "/metrics")
    return get ? HttpReply{200, "text/plain; version=0.0.4; charset=utf-8", {}, metrics_text()}
               : method_not_allowed("GET");
  if (path == "/api/v1/status") return get ? json_reply(status_json()) : method_not_allowed("GET");
  if (path == "/api/v1/line") return get ? json_reply(line_json()) : method_not_allowed("GET");
  if (path == "/api/v1/cache" || path.starts_with("/api/v1/cache/")) return own_cache(r, found, only);
  if (path == "/api/v1/answers") {
    if (!get) return method_not_allowed("GET");
    std::size_t limit = 50;
    if (const auto it = r.query.find("limit"); it != r.query.end()) {
      const auto& text = it->second;
      const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), limit);
      if (ec != std::errc() || end != text.data() + text.size() || limit < 1 || limit > most_listed)
        return to_reply(invalid_request(
            fmt::format("'limit' is '{}'; 1 to {} is allowed", text.substr(0, 40), most_listed), "limit"));
    }
    std::string out = "{\"answers\":[";
    for (const auto& a :
         lasting_->recorder->answers().latest(only ? lasting_->recorder->answers().capacity() : limit)) {
      if (!is_own(*a)) continue;
      if (limit-- == 0) break;
      if (out.back() != '[') out += ',';
      append_json(out, *a);
    }
    return json_reply(out + "]}");
  }
  if (path.starts_with(answers_prefix)) {
    if (!get) return method_not_allowed("GET");
    const std::string_view id = std::string_view(path).substr(answers_prefix.size());
    const auto answer = lasting_->recorder->answers().find(id);
    if (!answer || !is_own(*answer))
      return to_reply(ApiError{
          404,
          fmt::format("no answer '{}' among the last {}", id.substr(0, 60), lasting_->recorder->answers().capacity()),
          "invalid_request_error",
          {},
          "answer_not_found"});
    std::string out;
    append_json(out, *answer);
    return json_reply(std::move(out));
  }
  if (path == "/v1" || path.starts_with("/v1/"))
    return to_reply(ApiError{404,
                             fmt::format("nothing at {}; /v1/models, /v1/chat/completions, /v1/completions, "
                                         "/v1/embeddings, /v1/responses and /v1/messages are served",
                                         path.substr(0, 100)),
                             "invalid_request_error",
                             {},
                             "not_found"});
  found = false;
  return {};
}

bool Gateway::is_quick(std::string_view path) const {
  if (path == "/v1/feedback" || path == "/v1/adaptation") return false;  // write files
  return path == "/healthz" || path == "/readyz" || path == "/v1" || path.starts_with("/v1/") ||
         path.starts_with(answers_prefix);
}

HttpReply Gateway::handle(const HttpRequest& r) {
  try {
    bool found = false;
    HttpReply reply = own(r, found);
    if (found) return reply;
    const Route* best = nullptr;
    bool other_method = false;
    if (parts_.routes)
      for (const auto& route : parts_.routes->list) {
        if (!r.path.starts_with(route.path_prefix)) continue;
        const bool fits =
            route.method == "*" || route.method == r.method || (route.method == "GET" && r.method == "HEAD");
        if (!fits) {
          other_method = true;
          continue;
        }
        if (!best || route.path_prefix.size() > best->path_prefix.size()) best = &route;
      }
    if (best) return best->handle(r);
    if (other_method) return method_not_allowed("another method");
    return to_reply(
        ApiError{404, fmt::format("nothing at {}", r.path.substr(0, 100)), "invalid_request_error", {}, "not_found"});
  } catch (const Error& e) {
    return to_reply(from_error(e));
  } catch (const std::exception& e) {
    log(fmt::format("{} {}: {}", r.method, r.path.substr(0, 100), e.what()));
    return to_reply(ApiError{500, "the server failed at this; its log says more", "server_error"});
  }
}

}  // namespace wattline::serve
