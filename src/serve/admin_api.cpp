#include "serve/admin_api.h"

#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "kernel/units.h"
#include "serve/api_key.h"

namespace wattline::serve {
namespace {

constexpr std::string_view root = "/admin/v1/";
constexpr std::size_t largest_body = 1 << 20;

HttpReply json_reply(std::string body, int status = 200) {
  HttpReply r;
  r.status = status;
  r.body = std::move(body);
  r.headers.emplace_back("cache-control", "no-store");
  return r;
}

HttpReply refusal(int status, std::string message, std::string code) {
  return to_reply(api_error(status, std::move(message), "invalid_request_error", {}, std::move(code)));
}

HttpReply not_allowed_method(const char* allowed) {
  auto r = refusal(405, fmt::format("{} is allowed here", allowed), "method_not_allowed");
  r.headers.emplace_back("allow", allowed);
  return r;
}

ServerConfig door_of(const AdminConfig& c) {
  ServerConfig out;
  if (c.listen) out.listen = *c.listen;
  return out;
}

Json body_of(const HttpRequest& r) {
  if (r.body.size() > largest_body) throw bad_input("the body is larger than 1 MiB");
  Json j = parse_json(r.body.empty() ? "{}" : r.body, "body");
  if (!j.is_object()) throw bad_input("the body must be a JSON object");
  return j;
}

// Every member is one of `known`; a mistyped limit must not be no limit.
void only_known(const Json& j, std::initializer_list<std::string_view> known) {
  std::set<std::string_view> seen;
  for (const auto& [name, value] : j.as_object()) {
    if (std::find(known.begin(), known.end(), name) == known.end())
      throw bad_input(fmt::format("'{}' is not known here; {} is allowed", name.substr(0, 60), fmt::join(known, ", ")));
    if (!seen.insert(name).second) throw bad_input(fmt::format("'{}' is given twice", name));
  }
}

std::optional<double> number(const Json& j, const char* name, double low, double high) {
  const Json* v = j.find(name);
  if (!v || v->is_null()) return std::nullopt;
  const double n = v->as_number();
  if (!(n >= low && n <= high))
    throw bad_input(fmt::format("'{}' is {}; {} to {} is allowed", name, n, low, high), name);
  return n;
}

std::vector<std::string> patterns(const Json& j) {
  std::vector<std::string> out;
  const Json* v = j.find("models");
  if (!v || v->is_null()) return out;
  for (const Json& p : v->as_array()) {
    if (!good_pattern(p.as_string()))
      throw bad_input(
          "'models' holds a pattern that is none: 1 to 200 bytes without spaces, quotes and backslashes are allowed",
          "models");
    out.push_back(p.as_string());
  }
  if (out.size() > 1000)
    throw bad_input(fmt::format("'models' holds {} patterns; at most 1000 are allowed", out.size()), "models");
  return out;
}

BudgetConfig budget(const Json& j) {
  only_known(j, {"energy", "carbon", "water", "usd", "tokens", "per", "soft"});
  struct Kind {
    const char* name;
    Resource resource;
    Dimension dimension;
    const char* unit;
  };
  static const Kind kinds[] = {{"energy", Resource::energy, Energy::dimension, "J"},
                               {"carbon", Resource::carbon, Carbon::dimension, "gCO2e"},
                               {"water", Resource::water, Volume::dimension, "L"},
                               {"usd", Resource::money, Dimension{}, ""},
                               {"tokens", Resource::tokens, Dimension{}, ""}};
  BudgetConfig out;
  int given = 0;
  for (const auto& k : kinds) {
    const Json* v = j.find(k.name);
    if (!v || v->is_null()) continue;
    ++given;
    out.resource = k.resource;
    out.limit = v->is_string() && *k.unit ? parse_quantity(v->as_string(), k.dimension, k.unit) : v->as_number();
    if (!(out.limit >= 0 && out.limit <= 1e18))
      throw bad_input(fmt::format("'{}' is {}; 0 to 1e18 is allowed", k.name, out.limit), k.name);
  }
  if (given != 1)
    throw bad_input(fmt::format("a budget has exactly one of energy, carbon, water, usd and tokens, found {}", given),
                    "budgets");
  const std::string per = j.text_or("per", "month");
  static constexpr Window windows[] = {Window::hour, Window::day, Window::month, Window::total};
  const auto w = std::find_if(std::begin(windows), std::end(windows), [&](Window x) { return to_string(x) == per; });
  if (w == std::end(windows))
    throw bad_input(fmt::format("'per' is \"{}\"; hour, day, month and total are allowed", per.substr(0, 40)), "per");
  out.window = *w;
  out.soft = number(j, "soft", 0, 1).value_or(out.soft);
  return out;
}

std::string upstreams_json(const std::vector<AdminApi::UpstreamState>& all) {
  JsonWriter w;
  w.begin_object().key("upstreams").begin_array();
  for (const auto& u : all)
    w.begin_object()
        .member("name", u.name)
        .member("under_way", u.under_way)
        .member("draining", u.draining)
        .end_object();
  w.end_array().end_object();
  return w.take();
}

}  // namespace

TenantConfig tenant_from_json(std::string name, const Json& j) {
  only_known(j, {"models", "requests_per_minute", "tokens_per_minute", "concurrent", "weight", "sees", "budgets"});
  if (!good_name(name))
    throw bad_input("the tenant's name is none: 1 to 64 of letters, digits, '.', '_', '-' and '@' are allowed", "name");
  TenantConfig out;
  out.name = std::move(name);
  out.models = patterns(j);
  out.requests_per_minute = number(j, "requests_per_minute", 0, largest_rate);
  out.tokens_per_minute = number(j, "tokens_per_minute", 0, largest_rate);
  if (const auto n = number(j, "concurrent", 1, 1e6)) {
    if (*n != std::floor(*n))
      throw bad_input(fmt::format("'concurrent' is {}; a whole number is allowed", *n), "concurrent");
    out.concurrent = static_cast<int>(*n);
  }
  out.weight = number(j, "weight", 1e-3, 1e3).value_or(1);
  const std::string sees = j.text_or("sees", "own");
  if (sees != "own" && sees != "all")
    throw bad_input(fmt::format("'sees' is \"{}\"; own and all are allowed", sees.substr(0, 40)), "sees");
  out.sees_all = sees == "all";
  if (const Json* list = j.find("budgets"); list && !list->is_null())
    for (const Json& b : list->as_array()) {
      out.budgets.push_back(budget(b));
      for (std::size_t i = 0; i + 1 < out.budgets.size(); ++i)
        if (out.budgets[i].resource == out.budgets.back().resource &&
            out.budgets[i].window == out.budgets.back().window)
          throw bad_input(fmt::format("two budgets for {} per {}", to_string(out.budgets[i].resource),
                                      to_string(out.budgets[i].window)),
                          "budgets");
    }
  return out;
}

AdminApi::AdminApi(Governor& governor, const AdminConfig& config, Hooks hooks)
    : governor_(governor),
      key_(sha256(config.api_key.reveal())),
      admission_(door_of(config)),
      hooks_(std::move(hooks)) {}

HttpReply AdminApi::handle(const HttpRequest& r) {
  try {
    if (r.path == "/healthz") return {200, "text/plain; charset=utf-8", {}, "ok\n"};
    const auto header = [&](const char* name) {
      const auto it = r.headers.find(name);
      return it == r.headers.end() ? std::string_view() : std::string_view(it->second);
    };
    const auto presented = presented_key(header("authorization"), header("x-api-key"));
    if (presented.empty() || !same_digest(sha256(presented), key_)) {
      refused_.fetch_add(1);
      if (!presented.empty()) governor_.audit().refused("admin", {}, {}, Time::now());
      auto reply =
          refusal(401,
                  presented.empty() ? "the administrators' key is needed: send it as 'Authorization: Bearer KEY'"
                                    : "the key is not that of administrators",
                  presented.empty() ? "api_key_missing" : "invalid_api_key");
      reply.headers.emplace_back("www-authenticate", "Bearer");
      return reply;
    }
    return route(r);
  } catch (const Error& e) {
    return to_reply(from_error(e));
  } catch (const std::exception&) {
    return refusal(500, "the server failed at this", "internal");
  }
}

HttpReply AdminApi::route(const HttpRequest& r) {
  const bool get = r.method == "GET" || r.method == "HEAD";
  const std::string_view path = r.path;
  if (path == "/api/v1/usage" || path == "/admin/v1/usage") {
    if (!get) return not_allowed_method("GET");
    const auto only = r.query.find("tenant");
    if (only == r.query.end()) return json_reply(governor_.usage_json());
    const Tenant* t = governor_.find_tenant(only->second);
    return t ? json_reply(governor_.usage_json(*t))
             : refusal(404, fmt::format("there is no tenant '{}'", only->second.substr(0, 64)), "not_found");
  }
  if (path.starts_with(root)) {
    const std::string_view rest = path.substr(root.size());
    const auto slash = rest.find('/');
    const std::string_view what = rest.substr(0, slash),
                           more = slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
    if (what == "keys") return keys(r, more);
    if (what == "tenants") return tenants(r, more);
    if (what == "upstreams") return upstreams(r, more);
    if (hooks_.more)
      if (auto reply = hooks_.more(r, rest)) return std::move(*reply);
    if (rest == "metrics") {
      if (!get) return not_allowed_method("GET");
      HttpReply reply{200, "text/plain; version=0.0.4; charset=utf-8", {}, ""};
      governor_.append_metrics(reply.body);
      return reply;
    }
    if (rest == "reload") {
      if (r.method != "POST") return not_allowed_method("POST");
      if (!reload_)
        return refusal(501, "this gateway cannot read its configuration anew; start it again", "unsupported");
      governor_.audit().record("admin", "config.reload", "");
      JsonWriter w;
      w.begin_object().member("done", reload_()).end_object();
      return json_reply(w.take());
    }
  }
  return refusal(
      404,
      fmt::format(
          "nothing at {}; /admin/v1/tenants, keys, usage, upstreams, feedback, adaptation, reload and metrics are here",
          path.substr(0, 100)),
      "not_found");
}

HttpReply AdminApi::keys(const HttpRequest& r, std::string_view id) {
  if (!id.empty()) {
    if (r.method != "DELETE") return not_allowed_method("DELETE");
    const bool now = governor_.revoke_key(std::string(id));
    JsonWriter w;
    w.begin_object()
        .member("id", id)
        .member("revoked", true)
        .member("before", !now)
        .member("kept", governor_.keeps_changes())
        .end_object();
    return json_reply(w.take());
  }
  if (r.method == "GET" || r.method == "HEAD") {
    const auto only = r.query.find("tenant");
    return json_reply(governor_.keys_json(only == r.query.end() ? std::string_view() : std::string_view(only->second)));
  }
  if (r.method != "POST") return not_allowed_method("GET, POST");
  const Json j = body_of(r);
  only_known(j, {"tenant", "id", "models", "expires"});
  std::string name = j.text_or("id", "");
  if (!name.empty() && !good_name(name))
    throw bad_input("'id' is none: 1 to 64 of letters, digits, '.', '_', '-' and '@' are allowed", "id");
  std::optional<Time> expires;
  if (const auto text = j.text_or("expires", ""); !text.empty()) {
    expires = try_parse_date_time(text);
    if (!expires)
      throw bad_input(
          fmt::format("'expires' is \"{}\"; a time such as 2027-01-01T00:00:00Z is allowed", text.substr(0, 40)),
          "expires");
  }
  const auto made = governor_.create_key(j.at("tenant").as_string(), std::move(name), patterns(j), expires);
  JsonWriter w;
  w.begin_object().member("id", made.id).member("tenant", j.at("tenant").as_string()).member("key", made.key.reveal());
  w.member("kept", made.kept).member("note", "the key is shown this once").end_object();
  return json_reply(w.take(), 201);
}

HttpReply AdminApi::tenants(const HttpRequest& r, std::string_view name) {
  const bool get = r.method == "GET" || r.method == "HEAD";
  if (name.empty()) return get ? json_reply(governor_.tenants_json()) : not_allowed_method("GET");
  if (get) {
    const Tenant* t = governor_.find_tenant(name);
    return t ? json_reply(governor_.usage_json(*t))
             : refusal(404, fmt::format("there is no tenant '{}'", name.substr(0, 64)), "not_found");
  }
  if (r.method != "PUT") return not_allowed_method("GET, PUT");
  governor_.set_tenant(tenant_from_json(std::string(name), body_of(r)));
  JsonWriter w;
  w.begin_object().member("tenant", name).member("kept", governor_.keeps_changes()).end_object();
  return json_reply(w.take());
}

HttpReply AdminApi::upstreams(const HttpRequest& r, std::string_view rest) {
  if (rest.empty())
    return r.method == "GET" || r.method == "HEAD" ? json_reply(upstreams_json(hooks_.upstreams()))
                                                   : not_allowed_method("GET");
  const auto slash = rest.rfind('/');
  const std::string name(rest.substr(0, slash == std::string_view::npos ? 0 : slash));
  if (slash == std::string_view::npos || rest.substr(slash + 1) != "drain")
    return refusal(404, "an upstream has /drain: POST begins it, DELETE ends it", "not_found");
  if (r.method != "POST" && r.method != "DELETE") return not_allowed_method("POST, DELETE");
  const bool drain = r.method == "POST";
  const auto all = hooks_.upstreams();
  if (std::none_of(all.begin(), all.end(), [&](const auto& u) { return u.name == name; }))
    return refusal(404, fmt::format("there is no upstream '{}'", name.substr(0, 64)), "not_found");
  governor_.audit().record("admin", drain ? "upstream.drain" : "upstream.undrain", name);
  hooks_.drain(name, drain);
  return json_reply(upstreams_json(hooks_.upstreams()));
}

}  // namespace wattline::serve
