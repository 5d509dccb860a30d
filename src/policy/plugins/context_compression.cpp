#include "policy/plugins/context_compression.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include <fmt/format.h>

#include "policy/plugins/sentences.h"
#include "text/bm25.h"

namespace wattline::policy {
namespace {

constexpr std::string_view gap = "[...]";

bool has_term(const std::vector<TermCount>& all, std::uint64_t term) {
  const auto at =
      std::lower_bound(all.begin(), all.end(), term, [](const TermCount& t, std::uint64_t x) { return t.term < x; });
  return at != all.end() && at->term == term;
}

// What a message asks: of a long one its beginning and its end, where people put their question.
std::string asked_in(const DraftMessage& m) {
  constexpr std::size_t most_begin = 400, most_end = 600;
  std::string all;
  for (const auto& t : m.texts) all.append(t.text).append("\n");
  if (all.size() <= most_begin + most_end) return all;
  return all.substr(0, most_begin) + " " + all.substr(all.size() - most_end);
}

void read_target(Settings& targets, std::string_view key, ContextCompression::Target& out) {
  auto t = targets.block(key);
  if (!t) return;
  out.on = t->choice("mode", {"preserve", "extractive"}, out.on ? 1 : 0) == 1;
  out.min_tokens = static_cast<std::size_t>(t->number("min_tokens", static_cast<double>(out.min_tokens), 50, 1e7));
  out.target_tokens =
      static_cast<std::size_t>(t->number("target_tokens", static_cast<double>(out.target_tokens), 25, 1e7));
  if (out.target_tokens > out.min_tokens)
    t->fault("out-of-range",
             fmt::format("target_tokens is {}, above min_tokens, {}", out.target_tokens, out.min_tokens),
             "make it smaller: a message of min_tokens is brought down to target_tokens");
  t->finish();
}

}  // namespace

ContextCompression ContextCompression::read(Settings& s) {
  ContextCompression c;
  s.choice("mode", {"auto", "extractive"});
  if (auto targets = s.block("targets")) {
    read_target(*targets, "tool_outputs", c.tool_outputs);
    read_target(*targets, "history", c.history);
    targets->finish();
  }
  if (auto budget = s.block("budget")) {
    if (const auto n = budget->tokens("trigger_tokens")) c.trigger_tokens = static_cast<std::size_t>(*n);
    budget->finish();
  }
  if (auto scoring = s.block("scoring")) {
    scoring->choice("method", {"bm25"});
    scoring->finish();
  }
  if (auto r = s.block("recovery")) {
    c.recovery = r->flag("enabled", true);
    c.ttl_s = r->number("ttl_seconds", c.ttl_s, 1, 30 * 86400.0);
    c.max_bytes =
        static_cast<std::size_t>(r->number("max_bytes_per_request", static_cast<double>(c.max_bytes), 1, 64 << 20));
    r->finish();
  }
  c.guard = s.number("quality_guard", c.guard, 0, 1);
  s.choice("failure_mode", {"open"});
  if (!c.tool_outputs.on && !c.history.on)
    s.warn("does-nothing", "neither results of tools nor the history are to be compressed",
           "targets = { tool_outputs = { mode = \"extractive\" } }");
  return c;
}

double words_kept(std::string_view query, std::string_view whole, std::string_view part) {
  const auto asked = terms_of(query), all = terms_of(whole), left = terms_of(part);
  double there = 0, kept = 0;
  for (const auto& t : asked) {
    if (!has_term(all, t.term)) continue;
    ++there;
    if (has_term(left, t.term)) ++kept;
  }
  return there == 0 ? 1 : kept / there;
}

std::string shortened(std::string_view text, std::string_view query, std::size_t target_tokens) {
  const std::size_t budget = 4 * target_tokens;
  const auto pieces = sentences_of(text, std::clamp<std::size_t>(budget / 4, 32, 400));
  if (pieces.size() < 3) return {};
  std::vector<std::string_view> documents;
  for (const auto& p : pieces) documents.push_back(p.of(text));
  const text::Bm25 index(documents);
  text::Bm25::Scratch scratch;
  std::vector<float> scores(pieces.size());
  index.score(query, scores, scratch);
  std::vector<std::size_t> order(pieces.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  // Of equal ones the earlier.
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  std::vector<bool> kept(pieces.size(), false);
  std::size_t used = 0;
  const auto keep = [&](std::size_t i) {
    const std::size_t cost = documents[i].size() + 1 + gap.size() + 1;
    if (kept[i] || used + cost > budget) return;
    kept[i] = true;
    used += cost;
  };
  keep(0);
  keep(pieces.size() - 1);
  for (const std::size_t i : order) keep(i);
  if (std::find(kept.begin(), kept.end(), false) == kept.end()) return {};
  std::string out;
  bool open = false;  // a gap was marked
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    if (!kept[i]) {
      if (!std::exchange(open, true)) out.append(gap).append("\n");
      continue;
    }
    open = false;
    out.append(documents[i]).append("\n");
  }
  return out.size() < text.size() ? out : std::string();
}

ContextCompression::Done ContextCompression::apply(Draft& d, const Keep& keep) const {
  Done done;
  const std::size_t last = d.last_user();
  if (last == Draft::none) return done;
  std::string query;  // of the turn that a message belongs to
  const bool long_enough = tokens_of_bytes(d.text_bytes()) > trigger_tokens;
  std::size_t stored = 0;
  for (std::size_t i = 0; i < d.messages.size(); ++i) {
    DraftMessage& m = d.messages[i];
    if (m.dropped || m.is_instruction()) continue;
    if (m.role == Role::user) query = asked_in(m);
    if (i == last) continue;
    const bool result = m.role == Role::tool;
    const bool old = i < last && (m.role == Role::user || m.role == Role::assistant);
    const Target* target = result && tool_outputs.on          ? &tool_outputs
                           : old && history.on && long_enough ? &history
                                                              : nullptr;
    if (!target) continue;
    for (auto& t : m.texts) {
      // Arguments of calls are JSON that somebody must still be able to read.
      if (t.kind != DraftText::Kind::content || tokens_of_bytes(t.text.size()) <= target->min_tokens) continue;
      std::string shorter = shortened(t.text, query, target->target_tokens);
      if (shorter.empty()) continue;
      // Of a message of the user the question is itself: there is nothing to guard.
      if (m.role != Role::user && words_kept(query, t.text, shorter) < guard) {
        ++done.guarded;
        continue;
      }
      if (recovery && stored + t.text.size() > max_bytes) {
        ++done.guarded;
        continue;
      }
      std::string id;
      if (recovery) {
        id = keep(t.text);
        if (id.empty()) {
          ++done.guarded;
          continue;
        }
        stored += t.text.size();
      }
      shorter += id.empty() ? "[shortened; [...] marks what was left out]"
                            : fmt::format("[shortened; [...] marks what was left out; the whole: {}]", id);
      if (shorter.size() >= t.text.size()) continue;
      ++done.messages;
      done.tokens_before += tokens_of_bytes(t.text.size());
      done.tokens_after += tokens_of_bytes(shorter.size());
      if (!id.empty()) done.ids.push_back(id);
      t.set(std::move(shorter));
    }
  }
  return done;
}

}  // namespace wattline::policy
