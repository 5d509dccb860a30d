#include "policy/plugins/memory.h"

#include <algorithm>
#include <cmath>

#include "text/bm25.h"
#include "text/units.h"

namespace wattline::policy {
namespace {

constexpr std::size_t most_query = 4096;  // bytes that are looked at
constexpr std::size_t entry_overhead = 200;

const TermCount* find(const std::vector<TermCount>& all, std::uint64_t term) {
  const auto at =
      std::lower_bound(all.begin(), all.end(), term, [](const TermCount& t, std::uint64_t x) { return t.term < x; });
  return at != all.end() && at->term == term ? &*at : nullptr;
}

// The distinct words that say something: of 4 bytes or more, or CJK.
std::vector<std::uint64_t> telling_words(std::string_view text) {
  std::vector<std::uint64_t> out;
  for (text::UnitWalk walk(text); walk.next();)
    if (walk.unit().size() >= 4 || text::has_cjk(walk.unit())) out.push_back(text::term_hash(walk.unit()));
  std::sort(out.begin(), out.end());
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

// At most `most` bytes, ended at a code point's edge.
std::string_view cut(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

}  // namespace

MemoryOptions MemoryOptions::read(Settings& s) {
  MemoryOptions o;
  const auto whole = [&](std::string_view key, std::size_t& out, double low, double high) {
    out = static_cast<std::size_t>(s.number(key, static_cast<double>(out), low, high));
  };
  o.store = s.flag("auto_store", true);
  o.recall = s.flag("recall", true);
  whole("retrieval_limit", o.limit, 1, 20);
  whole("recall_tokens", o.tokens, 20, 20'000);
  o.threshold = s.number("similarity_threshold", o.threshold, 0, 1);
  whole("every_turns", o.every, 1, 100);
  whole("window_turns", o.span, 1, 100);
  whole("max_episode_bytes", o.max_chunk, 200, 16'384);
  o.min_entropy = s.number("min_entropy_bits", o.min_entropy, 0, 10);
  o.half_life_s = 86400 * s.number("half_life_days", o.half_life_s / 86400, 0.001, 3650);
  if (!o.store && !o.recall)
    s.warn("does-nothing", "nothing is stored and nothing recalled", "take the plugin out, or let it do one of both");
  return o;
}

double entropy_of(std::string_view text) {
  double all = 0, sum = 0;
  const auto terms = terms_of(text);
  for (const auto& t : terms) all += static_cast<double>(t.count);
  for (const auto& t : terms) {
    const double p = static_cast<double>(t.count) / all;
    sum -= p * std::log2(p);
  }
  return sum;
}

std::vector<Turn> turns_of(const Draft& d) {
  std::vector<Turn> out;
  for (const auto& m : d.messages) {
    if (m.dropped || (m.role != Role::user && m.role != Role::assistant)) continue;
    std::string text;
    for (const auto& t : m.texts) {
      if (t.kind != DraftText::Kind::content || t.text.empty()) continue;
      if (!text.empty()) text += '\n';
      text += t.text;
    }
    if (m.role == Role::user) out.push_back({std::move(text), {}});
    else if (!out.empty() && !text.empty()) out.back().answer = std::move(text);
  }
  return out;
}

std::string episode_of(const std::vector<Turn>& turns, const MemoryOptions& o) {
  if (!o.store || turns.empty() || turns.size() % o.every != 0 || turns.back().answer.empty()) return {};
  std::string out;
  const std::size_t begin = turns.size() - std::min(turns.size(), o.span);
  // A long turn leaves room for the others.
  const std::size_t room = o.max_chunk / (2 * (turns.size() - begin)) - 4;
  for (std::size_t i = begin; i < turns.size(); ++i) {
    if (turns[i].question.empty() && turns[i].answer.empty()) continue;
    out.append("Q: ").append(cut(turns[i].question, room)).append("\n");
    if (!turns[i].answer.empty()) out.append("A: ").append(cut(turns[i].answer, room)).append("\n");
  }
  return entropy_of(out) < o.min_entropy ? std::string() : out;
}

void MemoryStore::drop_front(User& u) {
  const std::size_t size = u.episodes.front().episode.text.size() + entry_overhead;
  u.bytes -= size;
  bytes_ -= size;
  u.episodes.pop_front();
}

void MemoryStore::expire(User& u, Time now) {
  while (!u.episodes.empty() && u.episodes.front().episode.at + Duration(bounds_.ttl_s) <= now) drop_front(u);
}

bool MemoryStore::keep(std::string_view owner, std::string text, Time now) {
  const std::size_t size = text.size() + entry_overhead;
  if (owner.empty() || text.empty() || size > bounds_.bytes_a_user) return false;
  Kept fresh{{std::move(text), now}, {}, 0};
  fresh.terms = terms_of(fresh.episode.text);
  for (const auto& t : fresh.terms) fresh.words += static_cast<double>(t.count);
  std::lock_guard lock(mutex_);
  User& u = users_[std::string(owner)];
  u.used = now;
  const auto same = std::find_if(u.episodes.begin(), u.episodes.end(),
                                 [&](const Kept& k) { return k.episode.text == fresh.episode.text; });
  if (same != u.episodes.end()) {
    Kept young = std::move(*same);
    young.episode.at = now;
    u.episodes.erase(same);
    u.episodes.push_back(std::move(young));
    return false;
  }
  expire(u, now);
  while (!u.episodes.empty() && (u.bytes + size > bounds_.bytes_a_user || u.episodes.size() >= bounds_.episodes_a_user))
    drop_front(u);
  u.bytes += size;
  bytes_ += size;
  u.episodes.push_back(std::move(fresh));
  // Over the bound of all: who has not been here for the longest is forgotten.
  while (bytes_ > bounds_.bytes && users_.size() > 1) {
    auto oldest = users_.end();
    for (auto it = users_.begin(); it != users_.end(); ++it)
      if (it->first != owner && (oldest == users_.end() || it->second.used < oldest->second.used)) oldest = it;
    bytes_ -= oldest->second.bytes;
    users_.erase(oldest);
  }
  return true;
}

std::vector<MemoryStore::Recalled> MemoryStore::ranked(std::string_view owner, std::string_view query,
                                                       const MemoryOptions& o, Time now) {
  std::vector<Recalled> out;
  if (owner.empty() || !o.recall) return out;
  query = cut(query, most_query);
  const auto asked = terms_of(query);
  const auto telling = telling_words(query);
  if (telling.empty()) return out;
  std::lock_guard lock(mutex_);
  const auto it = users_.find(std::string(owner));
  if (it == users_.end()) return out;
  expire(it->second, now);
  it->second.used = now;
  const auto& all = it->second.episodes;
  double words = 0;
  for (const auto& k : all) words += k.words;
  const auto n = static_cast<double>(all.size());
  const text::Bm25Parameters p;
  std::vector<double> idf;
  for (const auto& t : asked) {
    double with = 0;
    for (const auto& k : all) with += find(k.terms, t.term) ? 1 : 0;
    idf.push_back(std::log(1 + (n - with + 0.5) / (with + 0.5)));
  }
  for (const auto& k : all) {
    double there = 0;
    for (const std::uint64_t w : telling) there += find(k.terms, w) ? 1 : 0;
    Recalled r;
    r.share = there / static_cast<double>(telling.size());
    if (r.share < o.threshold || there == 0) continue;
    for (std::size_t i = 0; i < asked.size(); ++i)
      if (const TermCount* t = find(k.terms, asked[i].term)) {
        const double f = static_cast<double>(t->count);
        r.score += idf[i] * f * (p.k1 + 1) / (f + p.k1 * (1 - p.b + p.b * k.words * n / words));
      }
    r.score *= std::exp2(-std::max(0.0, (now - k.episode.at).base()) / o.half_life_s);
    r.text = k.episode.text;
    r.at = k.episode.at;
    out.push_back(std::move(r));
  }
  std::stable_sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  return out;
}

std::vector<MemoryStore::Episode> MemoryStore::list(std::string_view owner, Time now) const {
  std::lock_guard lock(mutex_);
  std::vector<Episode> out;
  const auto it = users_.find(std::string(owner));
  if (it == users_.end()) return out;
  for (auto k = it->second.episodes.rbegin(); k != it->second.episodes.rend(); ++k)
    if (k->episode.at + Duration(bounds_.ttl_s) > now) out.push_back(k->episode);
  return out;
}

std::size_t MemoryStore::forget(std::string_view owner) {
  std::lock_guard lock(mutex_);
  const auto it = users_.find(std::string(owner));
  if (it == users_.end()) return 0;
  const std::size_t n = it->second.episodes.size();
  bytes_ -= it->second.bytes;
  users_.erase(it);
  return n;
}

std::size_t MemoryStore::bytes() const {
  std::lock_guard lock(mutex_);
  return bytes_;
}

std::size_t put_before_question(Draft& d, const std::vector<MemoryStore::Recalled>& recalled, std::size_t most_tokens) {
  const std::size_t last = d.last_user();
  if (recalled.empty() || last == Draft::none) return 0;
  std::string text = "From earlier conversations with this user, for reference:\n";
  std::size_t room = 4 * most_tokens;
  for (const auto& r : recalled) {
    const std::string_view part = cut(r.text, room);
    room -= part.size();
    text.append(part);
    if (room < 80) break;
  }
  if (text.back() != '\n') text += '\n';
  text += "(end of reference)\n\n";
  DraftMessage& m = d.messages[last];
  for (auto& t : m.texts)
    if (t.kind == DraftText::Kind::content) {
      t.set(text + t.text);
      return tokens_of_bytes(text.size());
    }
  return 0;
}

}  // namespace wattline::policy
