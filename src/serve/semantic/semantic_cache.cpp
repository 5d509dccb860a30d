#include "serve/semantic/semantic_cache.h"

#include <random>
#include <thread>

#include <fmt/format.h>

#include "kernel/cpu_energy.h"
#include "kernel/error.h"
#include "kernel/time.h"
#include "policy/cache/agreement.h"
#include "serve/chance.h"
#include "serve/feedback/feedback_desk.h"
#include "serve/semantic/compatible.h"
#include "serve/sse.h"

namespace wattline::serve {
namespace {

constexpr std::size_t most_given = 4096;

policy::CacheCategories categories_of(const SemanticCacheConfig& c) {
  const auto ns = [](Duration d) { return static_cast<std::int64_t>(d.base() * 1e9); };
  policy::CacheCategory standard;
  standard.threshold = c.threshold;
  standard.ttl_ns = ns(c.ttl);
  std::vector<policy::CacheCategory> named;
  for (const auto& k : c.categories) named.push_back({k.name, k.enabled, k.threshold, ns(k.ttl), k.share});
  return {std::move(standard), std::move(named)};
}

policy::SemanticIndexOptions index_of(const SemanticCacheConfig& c, const text::Encoder& encoder) {
  policy::SemanticIndexOptions o;
  o.width = encoder.width();
  o.bytes = static_cast<std::size_t>(c.size.base());
  return o;
}

// The first choice's text in one JSON document, whole or a chunk.
std::string content_of(std::string_view json) {
  try {
    const Json j = parse_json(json);
    const Json* choices = j.find("choices");
    if (!choices || !choices->is_array() || choices->as_array().empty()) return {};
    const Json& first = choices->as_array().front();
    const Json* message = first.find("message") ? first.find("message") : first.find("delta");
    return message ? message->text_or("content", "") : first.text_or("text", "");
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

std::string answer_text(const StoredReply& r) {
  if (!r.stream) return content_of(r.body);
  std::string out;
  SseParser events(r.body.size() + 1);
  if (!events.push(r.body)) return out;
  while (const auto e = events.next())
    if (e->has_data && e->data != "[DONE]") out += content_of(e->data);
  return out;
}

SemanticCache::SemanticCache(const SemanticCacheConfig& c, bool by_user, std::shared_ptr<const text::Encoder> encoder,
                             std::shared_ptr<SemanticCounts> counts)
    : config_(c),
      by_user_(by_user),
      reader_(encoder, {.subjects = !c.categories.empty()}),
      counts_(std::move(counts)),
      index_(categories_of(c), index_of(c, *encoder)),
      chance_((std::uint64_t{std::random_device{}()} << 32) ^ std::random_device{}()) {}

SemanticCache::~SemanticCache() {
  // What hears feedback for it just now comes to its end first.
  const std::weak_ptr<void> hearing = listening_;
  listening_.reset();
  while (!hearing.expired()) std::this_thread::yield();
}

void SemanticCache::count(SemanticCounts::Outcome o) { counts_->looks[o].fetch_add(1, std::memory_order_relaxed); }

SemanticCache::Look SemanticCache::look(const Request& r) {
  const Duration before = thread_cpu_time();
  Look out;
  auto told = std::make_shared<LookTold>();
  const auto done = [&](SemanticCounts::Outcome outcome) {
    told->cpu = thread_cpu_time() - before;
    counts_->cpu_s.fetch_add(told->cpu.base(), std::memory_order_relaxed);
    count(outcome);
    out.told = std::move(told);
    return std::move(out);
  };
  CompatibleRequest compatible = compatible_request(r.body, by_user_, r.greedy ? 0 : 1);
  told->why_not = compatible.why_not;
  if (told->why_not.empty() && compatible.temperature > config_.max_temperature)
    told->why_not = "its temperature is above the limit";
  if (told->why_not.empty() && compatible.later_turn && !config_.later_turns)
    told->why_not = "it is not the first turn of its conversation";
  if (!told->why_not.empty()) return done(SemanticCounts::not_matched);
  policy::ReadQuestion question = reader_.read(compatible.question);
  told->why_not = question.why_not;
  if (!told->why_not.empty()) return done(SemanticCounts::not_matched);
  const auto& categories = index_.categories();
  const bool by_decision = !r.decision.empty() && categories.has(r.decision);
  out.category =
      config_.categories.empty() ? categories.of("other") : categories.of(by_decision ? r.decision : question.subject);
  told->category = categories.at(out.category).name;
  if (!categories.at(out.category).keep) {
    told->why_not = "its category is never answered so";
    return done(SemanticCounts::not_matched);
  }
  CanonicalRequest key;
  key.text = std::move(compatible.scope);
  key.text.append("\n").append(r.model).append("\n").append(reader_.encoder().fingerprint());
  out.scope = keys_.of(config_.across_tenants ? std::string_view() : r.tenant, key).bytes;
  out.may_keep = true;
  out.tenant = r.tenant;
  out.question = std::move(compatible.question);
  out.vector = std::move(question.vector);
  if (!r.find) return done(SemanticCounts::miss);

  policy::SemanticIndex::Question asked{out.scope, out.question, out.vector, out.category};
  policy::SemanticIndex::Found found;
  {
    std::lock_guard lock(mutex_);
    take_out();
    const std::int64_t now = monotonic_ns();
    told->threshold = index_.threshold_at(asked, now);
    found = index_.find(asked, now, r.max_age_ns);
    // What differs in case and spaces alone needs no audit.
    out.audit = found.answer && !found.same_text && chance_of(chance_) < config_.audit;
  }
  told->similarity = static_cast<double>(found.cosine);
  told->same_text = found.same_text;
  told->why_not = found.refused;
  if (!found.answer) return done(found.refused.empty() ? SemanticCounts::miss : SemanticCounts::refused);
  out.reply = std::static_pointer_cast<const StoredReply>(found.answer);
  out.age_ns = found.age_ns;
  out.entry = found.id;
  return done(out.audit         ? SemanticCounts::audited
              : found.same_text ? SemanticCounts::same_text
                                : SemanticCounts::similar);
}

void SemanticCache::keep(const Look& l, StoredReplyPtr reply) {
  if (!l.may_keep) return;
  const std::size_t bytes =
      reply->body.capacity() + reply->finish_reason.size() + reply->answer_id.size() + sizeof *reply;
  const double joules = reply->joules.value;
  std::lock_guard lock(mutex_);
  index_.put({l.scope, l.question, l.vector, l.category}, {std::move(reply), bytes, joules}, monotonic_ns());
}

void SemanticCache::judge(const Look& l, const StoredReply& fresh) {
  if (!l.audit || !l.reply) return;
  const auto agreed = policy::agree(reader_.encoder(), answer_text(*l.reply), answer_text(fresh), config_.agreement);
  counts_->judged.fetch_add(1, std::memory_order_relaxed);
  if (agreed.same) return;
  counts_->judged_wrong.fetch_add(1, std::memory_order_relaxed);
  std::lock_guard lock(mutex_);
  index_.wrong(l.entry, static_cast<float>(l.told->similarity), monotonic_ns());
}

void SemanticCache::gave(const Look& l, std::string answer_id) {
  std::lock_guard lock(given_mutex_);
  if (given_order_.size() == most_given) {
    given_.erase(given_order_.front());
    given_order_.pop_front();
  }
  given_[answer_id] = {l.tenant, l.entry, static_cast<float>(l.told->similarity)};
  given_order_.push_back(std::move(answer_id));
}

bool SemanticCache::wrong(std::string_view answer_id, std::string_view tenant) {
  std::lock_guard lock(given_mutex_);
  const auto it = given_.find(std::string(answer_id));
  if (it == given_.end() || (!tenant.empty() && it->second.tenant != tenant)) return false;
  wrong_.push_back(std::move(it->second));
  // Called wrong once: a second call finds nothing.
  std::erase(given_order_, it->first);
  given_.erase(it);
  counts_->called_wrong.fetch_add(1, std::memory_order_relaxed);
  return true;
}

void SemanticCache::take_out_wrong() {
  std::lock_guard lock(mutex_);
  take_out();
}

void SemanticCache::take_out() {
  std::vector<Given> wrong;
  {
    std::lock_guard lock(given_mutex_);
    wrong.swap(wrong_);
  }
  for (const Given& g : wrong) index_.wrong(g.entry, g.cosine, monotonic_ns());
}

void SemanticCache::listen(FeedbackDesk& desk) {
  listening_ = desk.listen([this](const FeedbackRecord& r) {
    if (r.verdict.negative() && r.answer && r.answer->cache == CacheUse::similar) wrong(r.answer->id, r.tenant);
  });
}

void SemanticCache::clear() {
  std::lock_guard lock(mutex_);
  index_.clear();
}

}  // namespace wattline::serve
