// Below /api/v1/cache: what the caches hold and did, and how an answer is called wrong.
#include <fmt/format.h>

#include "kernel/error.h"
#include "serve/gateway.h"
#include "serve/semantic/semantic_cache.h"

namespace wattline::serve {

HttpReply Gateway::own_cache(const HttpRequest& r, bool& found, const Tenant* only) {
  const auto not_allowed = [](const char* allowed) {
    auto reply = to_reply(
        api_error(405, fmt::format("{} is allowed here", allowed), "invalid_request_error", {}, "method_not_allowed"));
    reply.headers.emplace_back("allow", allowed);
    return reply;
  };
  if (r.path == "/api/v1/cache") {
    if (r.method != "GET" && r.method != "HEAD") return not_allowed("GET");
    JsonWriter w;
    w.begin_object().member("enabled", cache_ != nullptr);
    if (cache_) {
      const auto t = cache_->store.totals();
      const auto count = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
      w.key("exact").begin_object().member("entries", count(t.entries)).member("bytes", count(t.bytes));
      w.member("capacity", count(t.capacity)).member("hits", count(t.hits)).member("misses", count(t.misses));
      w.member("evicted", count(t.evicted)).member("expired", count(t.expired)).end_object();
      w.key("semantic");
      if (cache_->semantic) cache_->semantic->write(w);
      else w.null();
    }
    w.end_object();
    return {200, "application/json", {}, w.take()};
  }
  if (r.path != "/api/v1/cache/wrong") {
    found = false;
    return {};
  }
  if (r.method != "POST") return not_allowed("POST");
  if (!cache_ || !cache_->semantic)
    return to_reply(
        api_error(404, "there is no semantic cache here", "invalid_request_error", {}, "no_semantic_cache"));
  const Json body = parse_json(r.body, "the body");
  const Json* id = body.find("answer_id");
  if (!id || !id->is_string())
    return to_reply(
        invalid_request("'answer_id' is missing: that of the answer that was wrong, as its header "
                        "x-wattline-answer-id has it",
                        "answer_id"));
  if (!cache_->semantic->wrong(id->as_string(), only ? std::string_view(only->name()) : std::string_view()))
    return to_reply(api_error(404,
                              fmt::format("no answer '{}' among the last that were given for a similar question",
                                          id->as_string().substr(0, 60)),
                              "invalid_request_error", "answer_id", "answer_not_found"));
  cache_->semantic->take_out_wrong();
  return {200, "application/json", {}, "{\"removed\":true}"};
}

}  // namespace wattline::serve
