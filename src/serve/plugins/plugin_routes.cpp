// What plugins keep of who asks, to see and to erase: episodes of memory, and what was left out of requests.
#include <fmt/format.h>

#include "kernel/json.h"
#include "serve/gateway.h"
#include "serve/plugins/plugin_memory.h"

namespace wattline::serve {
namespace {

constexpr std::string_view memory_path = "/api/v1/memory", context_path = "/api/v1/context";

HttpReply json_reply(std::string body) {
  return {200, "application/json", {{"cache-control", "no-store"}}, std::move(body)};
}

HttpReply not_allowed(std::string allowed) {
  auto reply = to_reply(
      api_error(405, fmt::format("{} is allowed here", allowed), "invalid_request_error", {}, "method_not_allowed"));
  reply.headers.emplace_back("allow", std::move(allowed));
  return reply;
}

std::string listed(const policy::MemoryStore& memory, const std::string& owner) {
  JsonWriter w;
  w.begin_object().key("episodes").begin_array();
  for (const auto& e : memory.list(owner, Time::now()))
    w.begin_object().member("time", to_string(e.at, 3)).member("text", e.text).end_object();
  return w.end_array().end_object().take();
}

}  // namespace

std::optional<HttpReply> Gateway::plugin_route(const HttpRequest& r) {
  const std::string_view path = r.path;
  const bool memory = path == memory_path;
  const bool context = path == context_path || path.starts_with(std::string(context_path) + "/");
  if (!memory && !context) return std::nullopt;
  const bool get = r.method == "GET" || r.method == "HEAD", erase = r.method == "DELETE";
  const std::string owner = owner_of(r.access);
  PluginMemory* kept = lasting_->plugins.get();
  if (memory) {
    if (!get && !erase) return not_allowed("GET, DELETE");
    if (!kept || owner.empty())
      return to_reply(api_error(404,
                                kept ? "memory belongs to keys, and this request has none"
                                     : "no router of this gateway has plugins, so nothing is kept",
                                "invalid_request_error", {}, "no_memory"));
    if (get) return json_reply(listed(kept->episodes, owner));
    const std::size_t episodes = kept->episodes.forget(owner), texts = kept->context.forget(owner);
    kept->forget_tools(owner);
    JsonWriter w;
    w.begin_object().member("erased_episodes", episodes).member("erased_context", texts).end_object();
    return json_reply(w.take());
  }
  if (!get) return not_allowed("GET");
  const std::string_view id = path.size() > context_path.size() ? path.substr(context_path.size() + 1) : "";
  if (kept)
    if (auto text = kept->context.find(owner, id, Time::now()))
      return HttpReply{200, "text/plain; charset=utf-8", {{"cache-control", "no-store"}}, std::move(*text)};
  return to_reply(api_error(404,
                            fmt::format("nothing is kept under '{}' for this key, or not any more", id.substr(0, 60)),
                            "invalid_request_error", {}, "context_not_found"));
}

}  // namespace wattline::serve
