#include "policy/cache/replay.h"

#include <cmath>
#include <ctime>
#include <set>
#include <unordered_map>
#include <unordered_set>

#include "policy/cache/semantic_index.h"

namespace wattline::policy {
namespace {

double thread_cpu_s() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

}  // namespace

SeenQuestions see(const QuestionReader& reader, const RecordedQuestions& questions,
                  const std::function<void(double)>& progress) {
  SeenQuestions out;
  const double before = thread_cpu_s();
  std::unordered_map<std::string_view, std::size_t> seen;
  for (const auto& q : questions.rows) {
    const auto [it, added] = seen.emplace(q.text, out.read.size());
    out.read.push_back(added ? reader.read(q.text) : out.read[it->second]);
    if (progress && out.read.size() % 16 == 0)
      progress(static_cast<double>(out.read.size()) / static_cast<double>(questions.rows.size()));
  }
  out.cpu_s = thread_cpu_s() - before;
  return out;
}

CacheReplayed replay(const RecordedQuestions& questions, const SeenQuestions& seen, const CacheReplayOptions& o) {
  CacheReplayed out;
  SemanticIndexOptions options;
  options.bytes = o.bytes;
  options.guard = o.guard;
  for (const auto& r : seen.read)
    if (!r.vector.empty()) options.width = r.vector.size();
  CacheCategory standard;
  standard.threshold = o.threshold;
  standard.ttl_ns = static_cast<std::int64_t>(o.ttl_s * 1e9);
  SemanticIndex index(CacheCategories(standard, {}), options);
  struct First {
    std::int64_t ns;
  };
  std::unordered_map<std::string, First> exact;
  std::unordered_map<std::string, std::uint64_t> scopes;
  for (std::size_t r = 0; r < questions.rows.size(); ++r) {
    const RecordedQuestion& q = questions.rows[r];
    const ReadQuestion& read = seen.read[r];
    // Without times everything was asked at once: nothing grows old.
    const std::int64_t now = std::isnan(q.seconds) ? 1 : 1 + static_cast<std::int64_t>(q.seconds * 1e9);
    ++out.questions;
    out.joules += q.joules;
    if (o.exact) {
      const auto [it, added] = exact.try_emplace(q.scope + '\0' + q.text, First{now});
      if (!added && now - it->second.ns <= standard.ttl_ns) {
        ++out.exact;
        out.joules_saved += q.joules;
        continue;
      }
      it->second.ns = now;
    }
    if (!read.why_not.empty()) {
      ++out.not_matched;
      ++out.why_not[std::string(read.why_not)];
      continue;
    }
    SemanticIndex::Question asked;
    const std::uint64_t scope = scopes.try_emplace(q.scope, scopes.size()).first->second;
    std::memcpy(asked.scope.data(), &scope, sizeof scope);
    asked.text = q.text;
    asked.vector = read.vector;
    asked.category = index.categories().of("other");
    const double before = thread_cpu_s();
    const auto found = index.find(asked, now);
    out.lookups_cpu_s += thread_cpu_s() - before;
    if (found.answer) {
      const RecordedQuestion& from = *static_cast<const RecordedQuestion*>(found.answer.get());
      found.same_text ? ++out.same_text : ++out.similar;
      out.joules_saved += q.joules;
      if (!found.same_text && !q.label.empty() && !from.label.empty()) {
        ++out.judged.judged;
        out.judged.wrong += q.label != from.label;
      }
      continue;
    }
    if (!found.refused.empty()) ++out.refused[std::string(found.refused)];
    const std::shared_ptr<const void> answer(&q, [](const void*) {});
    index.put(asked, {answer, o.answer_bytes, std::isnan(q.joules) ? 1 : q.joules}, now);
  }
  return out;
}

std::uint64_t findable(const RecordedQuestions& questions) {
  std::set<std::pair<std::string_view, std::string_view>> seen;
  std::uint64_t out = 0;
  for (const auto& q : questions.rows)
    if (!q.label.empty()) out += !seen.emplace(q.scope, q.label).second;
  return out;
}

}  // namespace wattline::policy
