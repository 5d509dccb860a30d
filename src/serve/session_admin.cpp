// The door of administrators: every request goes to the admin API, on the worker pool, as it may write files.
#include <fmt/format.h>

#include "serve/admin_api.h"
#include "serve/session.h"
#include "serve/target.h"

namespace wattline::serve {

Awaitable<void> Session::administrate() {
  chunked_ = parser_->version >= 11;
  take_request_id();
  auto target = parse_target(parser_->target());
  if (gateway_.observes()) begin_observing(target ? std::string_view(target->path) : std::string_view());
  if (!target) co_return co_await send_error(invalid_request("the request's target is malformed", {}, "bad_target"));
  AdminApi& admin = *gateway_.admin();
  const Caller caller{target->path, parser_->host(), parser_->origin(), parser_->has_host, parser_->has_origin};
  auto refused = parser_->two_hosts ? std::optional(invalid_request("two Host headers", {}, "two_hosts"))
                                    : admin.admission().refuse(caller);
  if (refused) co_return co_await send_error(*refused);
  auto request = plain_request(std::move(*target));
  std::function<HttpReply()> work = [&admin, request] { return admin.handle(*request); };
  co_await answer_with(std::move(work));
}

}  // namespace wattline::serve
