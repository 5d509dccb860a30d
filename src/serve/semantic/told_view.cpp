// The semantic cache as /api/v1/cache and /metrics tell it.
#include <fmt/format.h>

#include "policy/cache/agreement.h"
#include "serve/semantic/semantic_cache.h"

namespace wattline::serve {
namespace {

constexpr std::string_view outcome_names[] = {"same_text", "similar", "audit", "refused", "miss", "not_matched"};
static_assert(std::size(outcome_names) == SemanticCounts::outcomes);

policy::FalseHits false_hits(const SemanticCounts& c) { return {c.judged.load(), c.judged_wrong.load()}; }

}  // namespace

void SemanticCache::write(JsonWriter& w) const {
  policy::SemanticIndex::Totals t;
  {
    std::lock_guard lock(mutex_);
    t = index_.totals();
  }
  const auto count = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
  w.begin_object().member("encoder", reader_.encoder().name()).member("encoder_limits", reader_.encoder().limits());
  w.member("threshold", config_.threshold).member("audit", config_.audit);
  w.member("entries", count(t.entries)).member("bytes", count(t.bytes)).member("capacity", count(t.capacity));
  w.member("scopes", count(t.scopes)).member("scars", count(t.scars)).member("evicted", count(t.evicted));
  w.member("expired", count(t.expired)).key("looks").begin_object();
  for (std::size_t i = 0; i < SemanticCounts::outcomes; ++i)
    w.member(outcome_names[i], count(counts_->looks[i].load()));
  w.end_object().member("called_wrong", count(counts_->called_wrong.load()));
  const auto judged = false_hits(*counts_);
  const Interval i = judged.interval();
  w.key("false_hits").begin_object().member("judged", count(judged.judged)).member("wrong", count(judged.wrong));
  w.key("rate");
  if (judged.judged > 0) w.value(judged.rate());
  else w.null();
  w.member("low", i.low).member("high", i.high);
  w.member("method", "likeness of the answers (heuristic); 95 % (Wilson)").end_object();
  w.member("lookup_cpu_s", counts_->cpu_s.load()).key("categories").begin_array();
  for (const auto& c : index_.categories().all()) {
    w.begin_object().member("name", c.name).member("enabled", c.keep).member("threshold", c.threshold);
    w.member("ttl_s", static_cast<double>(c.ttl_ns) * 1e-9).member("share", c.share).end_object();
  }
  w.end_array().end_object();
}

void SemanticCache::append_metrics(std::string& out) const {
  policy::SemanticIndex::Totals t;
  {
    std::lock_guard lock(mutex_);
    t = index_.totals();
  }
  auto to = std::back_inserter(out);
  const auto single = [&](std::string_view name, std::string_view type, std::string_view help, auto value) {
    fmt::format_to(to,
                   "# HELP wattline_semantic_cache_{0} {1}\n# TYPE wattline_semantic_cache_{0} {2}\n"
                   "wattline_semantic_cache_{0} {3}\n",
                   name, help, type, value);
  };
  fmt::format_to(to,
                 "# HELP wattline_semantic_cache_looks_total Looks for a similar answer, by what they found.\n"
                 "# TYPE wattline_semantic_cache_looks_total counter\n");
  for (std::size_t i = 0; i < SemanticCounts::outcomes; ++i)
    fmt::format_to(to, "wattline_semantic_cache_looks_total{{result=\"{}\"}} {}\n", outcome_names[i],
                   counts_->looks[i].load());
  single("entries", "gauge", "Answers kept.", t.entries);
  single("bytes", "gauge", "Bytes of the answers kept, with their questions and vectors.", t.bytes);
  single("capacity_bytes", "gauge", "Most bytes that are kept.", t.capacity);
  single("called_wrong_total", "counter", "Answers that who got them called wrong.", counts_->called_wrong.load());
  single("unlooked_total", "counter", "Requests for which no worker was free to look.", counts_->unlooked.load());
  single("cpu_seconds_total", "counter", "CPU time of looking: encoder, index and guard.", counts_->cpu_s.load());
  single("judged_total", "counter", "Hits that the model answered too.", counts_->judged.load());
  single("judged_wrong_total", "counter", "Of these the ones whose answers did not agree (heuristic).",
         counts_->judged_wrong.load());
  const auto judged = false_hits(*counts_);
  if (judged.judged == 0) return;
  const Interval i = judged.interval();
  fmt::format_to(to,
                 "# HELP wattline_semantic_cache_false_hit_rate Share of judged hits that were wrong, with its 95 % "
                 "interval (Wilson).\n# TYPE wattline_semantic_cache_false_hit_rate gauge\n"
                 "wattline_semantic_cache_false_hit_rate{{bound=\"value\"}} {}\n"
                 "wattline_semantic_cache_false_hit_rate{{bound=\"low\"}} {}\n"
                 "wattline_semantic_cache_false_hit_rate{{bound=\"high\"}} {}\n",
                 judged.rate(), i.low, i.high);
}

}  // namespace wattline::serve
