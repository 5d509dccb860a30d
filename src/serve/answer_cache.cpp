#include "serve/answer_cache.h"

#include <algorithm>

#include "kernel/time.h"
#include "serve/semantic/semantic_cache.h"

namespace wattline::serve {
namespace {

ExactCacheOptions options_of(const CacheConfig& c) {
  ExactCacheOptions o;
  o.bytes = static_cast<std::size_t>(c.size.base());
  o.ttl_ns = static_cast<std::int64_t>(c.ttl.base() * 1e9);
  // Shards of at least 4 MiB, so that an answer of half a megabyte has room.
  o.shards = std::clamp<std::size_t>(o.bytes >> 22, 1, 16);
  return o;
}

}  // namespace

AnswerCache::AnswerCache(const CacheConfig& c)
    : store(options_of(c)), shares(c.single_flight), rules_{.by_user = c.by_user} {}

AnswerCache::~AnswerCache() = default;

CachePlan AnswerCache::plan(std::string_view body, std::string_view tenant, const CacheWish& wish, bool greedy) const {
  CachePlan out;
  out.wish = wish;
  if (!wish.look && !wish.keep) {
    out.why_not = "the client wants none";
    return out;
  }
  // Canonising costs time by the byte, and such a request's answer is hardly asked for twice.
  if (body.size() > store.largest()) {
    out.why_not = "the request is too large";
    return out;
  }
  CanonicalRules rules = rules_;
  rules.greedy_by_default = greedy;
  const CanonicalRequest request = canonical_request(body, rules);
  out.stream = request.stream;
  out.why_not = request.why_not;
  if (out.why_not.empty() && !request.deterministic && !wish.on) out.why_not = "its temperature is not 0";
  if (out.why_not.empty()) out.key = keys_.of(tenant, request);
  return out;
}

CacheKeeper::CacheKeeper(AnswerCache& cache, const CachePlan& plan, SingleFlight::Lead lead)
    : cache_(cache), plan_(plan), lead_(std::move(lead)) {}

void CacheKeeper::look(const ReplyFacts& f) {
  choices_ = std::max(choices_, f.choices);
  stopped_ += f.stopped;
  ended_otherwise_ = ended_otherwise_ || f.ended_otherwise;
  calls_tools_ = calls_tools_ || f.calls_tools;
}

// Every choice came to its own end.
bool CacheKeeper::whole_answer() const {
  return choices_ > 0 && stopped_ == choices_ && !ended_otherwise_ && !calls_tools_;
}

void CacheKeeper::event(std::string_view raw, const ReplyFacts* facts) {
  if (facts) look(*facts);
  if (lead_) lead_.append(raw);
  if (too_large_ || !plan_.wish.keep) return;
  too_large_ = text_.size() + raw.size() > cache_.store.largest();
  if (too_large_) text_ = std::string();
  else text_ += raw;
}

void CacheKeeper::whole(std::string_view body, const ReplyFacts& facts) {
  look(facts);
  too_large_ = body.size() > cache_.store.largest() && !lead_;
  if (!too_large_) text_ = body;
}

void CacheKeeper::complete(const Answer& a) {
  auto reply = std::make_shared<StoredReply>();
  reply->stream = plan_.stream;
  reply->finish_reason = a.finish_reason;
  reply->tokens_in = a.tokens_in;
  reply->tokens_out = a.tokens_out;
  reply->tokens_estimated = a.tokens_estimated;
  reply->joules = a.joules;
  reply->answer_id = a.id;
  text_.shrink_to_fit();
  reply->body = std::move(text_);
  // First kept, then told: who comes between finds one of the two.
  if (plan_.wish.keep && !too_large_ && !spoilt_ && whole_answer()) {
    cache_.store.put(plan_.key, reply, monotonic_ns());
    if (also_) also_(reply);
  }
  if (lead_) lead_.complete(std::move(reply));
}

void CacheKeeper::fail(const ApiError& e) {
  if (lead_) lead_.fail(e);
}

}  // namespace wattline::serve
