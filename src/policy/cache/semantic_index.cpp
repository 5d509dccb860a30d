#include "policy/cache/semantic_index.h"

#include <algorithm>

#include "policy/cache/particulars.h"
#include "text/canonical.h"
#include "text/encoder.h"

namespace wattline::policy {
namespace {

// What an entry takes besides its texts and its vector: nodes of the tables, its place in the graph.
constexpr std::size_t overhead = 640;
constexpr double least_joules = 1e-9;
constexpr std::size_t most_scars = 64, most_scars_of_all = 1024;  // of a scope; of all

}  // namespace

struct SemanticIndex::Entry {
  CacheScope scope{};
  std::string text;
  std::size_t category = 0, bytes = 0;
  std::uint64_t uses = 1;
  double joules = 0;
  std::int64_t stored_ns = 0;
  std::shared_ptr<const void> answer;
  ByWorth::iterator worth;
  ByEnd::iterator end;
};

struct SemanticIndex::Scope {
  struct Scar {
    std::vector<float> at;
    double reach = 0, threshold = 0;  // least cosine to be near it; and of hits there
    std::int64_t until_ns = 0;
  };
  NearIndex index;
  std::vector<Scar> scars;  // oldest first
};

SemanticIndex::SemanticIndex(CacheCategories categories, Options options)
    : categories_(std::move(categories)),
      options_(options),
      by_worth_(categories_.all().size()),
      bytes_of_(categories_.all().size()) {}
SemanticIndex::~SemanticIndex() = default;

double SemanticIndex::worth_of(const Entry& e) const {
  return level_ + static_cast<double>(e.uses) * std::max(e.joules, least_joules) / static_cast<double>(e.bytes);
}

void SemanticIndex::drop(std::uint64_t id) {
  const auto it = entries_.find(id);
  Entry& e = it->second;
  const auto scope = scopes_.find(e.scope);
  scope->second.index.remove(id);
  if (scope->second.index.size() == 0 && scope->second.scars.empty()) scopes_.erase(scope);
  by_worth_[e.category].erase(e.worth);
  by_end_.erase(e.end);
  bytes_ -= e.bytes;
  bytes_of_[e.category] -= e.bytes;
  entries_.erase(it);
}

void SemanticIndex::drop_expired(std::int64_t now_ns) {
  while (!by_end_.empty() && by_end_.begin()->first < now_ns) {
    drop(by_end_.begin()->second);
    ++totals_.expired;
  }
}

// Of the category that takes more than its share; else of all the least worthy.
void SemanticIndex::make_room(std::size_t category, std::size_t bytes) {
  const auto evict = [&](ByWorth& from) {
    level_ = std::max(level_, from.begin()->first);
    drop(from.begin()->second);
    ++totals_.evicted;
  };
  const auto share = static_cast<std::size_t>(categories_.at(category).share * static_cast<double>(options_.bytes));
  while (bytes_of_[category] + bytes > share && !by_worth_[category].empty()) evict(by_worth_[category]);
  while (bytes_ + bytes > options_.bytes && !entries_.empty()) {
    ByWorth* least = nullptr;
    for (auto& c : by_worth_)
      if (!c.empty() && (!least || c.begin()->first < least->begin()->first)) least = &c;
    evict(*least);
  }
}

double SemanticIndex::threshold_at(const Question& q, std::int64_t now_ns) const {
  double threshold = categories_.at(q.category).threshold;
  const auto it = scopes_.find(q.scope);
  if (it == scopes_.end()) return threshold;
  for (const auto& scar : it->second.scars)
    if (scar.until_ns >= now_ns && static_cast<double>(text::dot(scar.at, q.vector)) >= scar.reach)
      threshold = std::max(threshold, scar.threshold);
  return threshold;
}

SemanticIndex::Found SemanticIndex::find(const Question& q, std::int64_t now_ns, std::int64_t max_age_ns) {
  Found out;
  drop_expired(now_ns);
  const auto scope = scopes_.find(q.scope);
  if (scope == scopes_.end() || !categories_.at(q.category).keep) return out;
  const double threshold = threshold_at(q, now_ns);
  const auto near = scope->second.index.search(q.vector, options_.neighbours);
  if (near.empty()) return out;
  out.cosine = near.front().cosine;
  std::string canonical;
  Particulars asked;
  for (const auto& n : near) {
    if (static_cast<double>(n.cosine) < threshold) break;
    Entry& e = entries_.at(n.id);
    const std::int64_t age = std::max<std::int64_t>(now_ns - e.stored_ns, 0);
    // Also past the lifetime of the category in which it is asked for now, should that be shorter.
    if (age > max_age_ns || age > categories_.at(q.category).ttl_ns) continue;
    if (canonical.empty()) {
      canonical = text::canonical_text(q.text);
      if (options_.guard) asked = particulars_of(q.text);
    }
    if (static_cast<double>(n.cosine) < categories_.at(e.category).threshold) continue;
    if (options_.guard)
      if (const auto why = why_different(asked, particulars_of(e.text)); !why.empty()) {
        if (out.refused.empty()) out.refused = why;
        continue;
      }
    ++e.uses;
    auto node = by_worth_[e.category].extract(e.worth);
    node.key() = worth_of(e);
    e.worth = by_worth_[e.category].insert(std::move(node));
    return {n.id, e.answer, n.cosine, age, canonical == text::canonical_text(e.text), {}};
  }
  return out;
}

std::uint64_t SemanticIndex::put(const Question& q, Kept kept, std::int64_t now_ns) {
  const CacheCategory& category = categories_.at(q.category);
  const std::size_t bytes = kept.bytes + q.text.size() + options_.width * sizeof(float) + overhead;
  if (!category.keep || bytes > largest()) return 0;
  drop_expired(now_ns);
  if (const auto scope = scopes_.find(q.scope); scope != scopes_.end()) {
    const auto near = scope->second.index.search(q.vector, 1);
    if (!near.empty() && near[0].cosine > 0.9999f && entries_.at(near[0].id).text == q.text) drop(near[0].id);
  }
  make_room(q.category, bytes);
  const std::uint64_t id = ++last_id_;
  auto scope = scopes_.find(q.scope);
  if (scope == scopes_.end())
    scope = scopes_.emplace(q.scope, Scope{NearIndex(options_.width, options_.index), {}}).first;
  scope->second.index.add(id, q.vector);
  Entry& e = entries_[id];
  e.scope = q.scope;
  e.text = q.text;
  e.category = q.category;
  e.bytes = bytes;
  e.joules = kept.joules;
  e.stored_ns = now_ns;
  e.answer = std::move(kept.answer);
  e.worth = by_worth_[q.category].emplace(worth_of(e), id);
  const std::int64_t end = category.ttl_ns > INT64_MAX - now_ns ? INT64_MAX : now_ns + category.ttl_ns;
  e.end = by_end_.emplace(end, id);
  bytes_ += bytes;
  bytes_of_[q.category] += bytes;
  ++totals_.stored;
  return id;
}

bool SemanticIndex::wrong(std::uint64_t id, float cosine, std::int64_t now_ns) {
  const auto it = entries_.find(id);
  if (it == entries_.end()) return false;
  Scope& scope = scopes_.find(it->second.scope)->second;
  Scope::Scar scar;
  const auto at = scope.index.vector_of(id);
  scar.at.assign(at.begin(), at.end());
  scar.reach = categories_.at(it->second.category).threshold;
  // Half way from what was taken for the same to what is the same.
  scar.threshold = (1 + std::max<double>(static_cast<double>(cosine), scar.reach)) / 2;
  scar.until_ns = now_ns + options_.scar_ns;
  std::erase_if(scope.scars, [&](const auto& s) { return s.until_ns < now_ns; });
  if (scope.scars.size() == most_scars) scope.scars.erase(scope.scars.begin());
  scope.scars.push_back(std::move(scar));
  scarred_.push_back(it->second.scope);
  drop(id);
  if (scarred_.size() > most_scars_of_all) forget_oldest_scar();
  ++totals_.called_wrong;
  return true;
}

void SemanticIndex::forget_oldest_scar() {
  const auto it = scopes_.find(scarred_.front());
  scarred_.pop_front();
  if (it == scopes_.end()) return;
  auto& scars = it->second.scars;
  if (!scars.empty()) scars.erase(scars.begin());
  if (scars.empty() && it->second.index.size() == 0) scopes_.erase(it);
}

void SemanticIndex::clear() {
  scopes_.clear();
  scarred_.clear();
  entries_.clear();
  for (auto& c : by_worth_) c.clear();
  std::fill(bytes_of_.begin(), bytes_of_.end(), 0);
  by_end_.clear();
  bytes_ = 0;
}

SemanticIndex::Totals SemanticIndex::totals() const {
  Totals t = totals_;
  t.entries = entries_.size();
  t.bytes = bytes_;
  t.capacity = options_.bytes;
  t.scopes = scopes_.size();
  for (const auto& [scope, held] : scopes_) t.scars += held.scars.size();
  return t;
}

}  // namespace wattline::policy
