// How a chat completion meets the semantic cache.
#include "serve/session.h"

namespace wattline::serve {

Awaitable<std::shared_ptr<SemanticCache::Look>> Session::look_for_similar(const ServedModel& model,
                                                                          const CacheWish& wish) {
  SemanticCache& cache = *gateway_.cache()->semantic;
  auto look = std::make_shared<SemanticCache::Look>();
  auto done = std::make_shared<Mailbox>(thread_.io.get_executor());
  auto request = std::make_shared<SemanticCache::Request>();
  const auto requester = ticket_ ? ticket_.requester() : nullptr;
  request->body = body_;
  if (requester) request->tenant = requester->tenant;
  request->model = model.id;
  if (route_) request->decision = route_->decision;
  request->max_age_ns = wish.max_age_ns;
  request->greedy = model.builtin != nullptr;
  request->find = wish.look;
  // The session keeps the texts of the request.
  auto work = [self = shared_from_this(), &cache, request, requester, look, done] {
    try {
      *look = cache.look(*request);
    } catch (const std::exception&) {
      // As if none was found: the model answers.
    }
    done->close();
  };
  const bool taken = thread_.workers.submit(std::move(work));
  if (taken) co_await done->wait(std::chrono::hours(24));
  else cache.not_looked();
  look_ = look->told;
  co_return look;
}

void Session::keep_for_similar(CacheKeeper& keeper, std::shared_ptr<SemanticCache::Look> look) {
  if (!look->may_keep) return;
  keeper.also([&cache = *gateway_.cache()->semantic, &workers = thread_.workers, look](StoredReplyPtr reply) {
    // Where nobody has time for it, it is not kept.
    workers.submit([&cache, look, reply = std::move(reply)] {
      try {
        cache.judge(*look, *reply);
        cache.keep(*look, reply);
      } catch (const std::exception&) {
        // An encoder that is asked over the network may fail: then the answer is not kept.
      }
    });
  });
}

}  // namespace wattline::serve
