// What was learned of a user, for the user (through the key that asks) and for administrators: seen and erased.
#include <fmt/format.h>

#include "serve/adapt/adaptation_store.h"
#include "serve/gateway.h"

namespace wattline::serve {
namespace {

HttpReply json_reply(std::string body) {
  return {200, "application/json", {{"cache-control", "no-store"}}, std::move(body)};
}

HttpReply erased(std::size_t n) { return json_reply(fmt::format("{{\"erased\":{}}}", n)); }

HttpReply not_allowed() {
  auto reply =
      to_reply(api_error(405, "GET and DELETE are allowed here", "invalid_request_error", {}, "method_not_allowed"));
  reply.headers.emplace_back("allow", "GET, DELETE");
  return reply;
}

}  // namespace

HttpReply Gateway::own_adaptation(const HttpRequest& r) {
  AdaptationStore* store = adaptation();
  if (!store)
    return to_reply(api_error(404, "nothing is learned of users here: [adaptation] enabled = false",
                              "invalid_request_error", {}, "adaptation_off"));
  const auto named = r.query.find("user");
  const std::string user = named == r.query.end() ? std::string() : named->second;
  const std::string who =
      r.access.key ? store->pseudonym(r.access.tenant->name(), r.access.key->id, user) : store->pseudonym({}, {}, user);
  if (who.empty())
    return to_reply(invalid_request("whose? give ?user=NAME, the `user` of the requests", "user", "user_missing"));
  if (r.method == "DELETE") return erased(store->erase(who));
  return r.method == "GET" || r.method == "HEAD" ? json_reply(store->json(Time::now(), who)) : not_allowed();
}

std::optional<HttpReply> Gateway::administer_adaptation(const HttpRequest& r, std::string_view rest) {
  constexpr std::string_view name = "adaptation";
  if (!rest.starts_with(name) || !adaptation()) return std::nullopt;
  rest.remove_prefix(name.size());
  if (!rest.empty() && rest.front() != '/') return std::nullopt;
  if (!rest.empty()) rest.remove_prefix(1);
  const bool get = r.method == "GET" || r.method == "HEAD";
  if (get) return json_reply(adaptation()->json(Time::now(), rest));
  if (r.method != "DELETE") return not_allowed();
  lasting_->governor->audit().record("admin", "adaptation.erase", std::string(rest.empty() ? "all" : rest));
  return erased(rest.empty() ? adaptation()->erase_all() : adaptation()->erase(rest));
}

}  // namespace wattline::serve
