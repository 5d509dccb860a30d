#include "policy/plugins/prompt_compression.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <numeric>
#include <unordered_map>

#include "policy/plugins/draft.h"

namespace wattline::policy {
namespace {

// Term counts of sentences as a sparse matrix: by sentence, term numbers and values.
struct Counts {
  struct Entry {
    std::uint32_t term;
    double value;
  };
  std::vector<std::vector<Entry>> rows;
  std::vector<double> documents;  // by term: sentences that have it
  std::vector<double> units;  // by sentence

  Counts(std::string_view text, const std::vector<ScoredSentence>& sentences) {
    std::unordered_map<std::uint64_t, std::uint32_t> numbers;
    for (const auto& s : sentences) {
      auto& row = rows.emplace_back();
      double all = 0;
      for (const auto& t : terms_of(s.piece.of(text))) {
        const auto [at, is_new] = numbers.emplace(t.term, static_cast<std::uint32_t>(documents.size()));
        if (is_new) documents.push_back(0);
        documents[at->second] += 1;
        row.push_back({at->second, static_cast<double>(t.count)});
        all += static_cast<double>(t.count);
      }
      units.push_back(all);
    }
  }

  // Rows of length 1.
  void normalise() {
    for (auto& row : rows) {
      double square = 0;
      for (const auto& e : row) square += e.value * e.value;
      if (square > 0)
        for (auto& e : row) e.value /= std::sqrt(square);
    }
  }
  // X^T v.
  std::vector<double> by_term(const std::vector<double>& v) const {
    std::vector<double> out(documents.size(), 0);
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (const auto& e : rows[i]) out[e.term] += e.value * v[i];
    return out;
  }
  // X w.
  std::vector<double> by_sentence(const std::vector<double>& w) const {
    std::vector<double> out(rows.size(), 0);
    for (std::size_t i = 0; i < rows.size(); ++i)
      for (const auto& e : rows[i]) out[i] += e.value * w[e.term];
    return out;
  }
};

void by_largest(std::vector<double>& v) {
  const double most = v.empty() ? 0 : *std::max_element(v.begin(), v.end());
  if (most > 0)
    for (double& x : v) x /= most;
}

// PageRank over the graph whose edges are cosines, without an edge to oneself. With rows of length 1 the matrix of
// cosines is X X^T, so a round is two sparse products.
std::vector<double> text_rank(const Counts& unit, const CompressionOptions& o) {
  const std::size_t n = unit.rows.size();
  const auto similar = [&](const std::vector<double>& v) {
    auto out = unit.by_sentence(unit.by_term(v));
    for (std::size_t i = 0; i < n; ++i)
      if (!unit.rows[i].empty()) out[i] = std::max(0.0, out[i] - v[i]);
    return out;
  };
  const auto degree = similar(std::vector<double>(n, 1));
  std::vector<double> rank(n, 1 / static_cast<double>(n)), share(n);
  for (int round = 0; round < o.rounds; ++round) {
    for (std::size_t i = 0; i < n; ++i) share[i] = degree[i] > 1e-12 ? rank[i] / degree[i] : 0;
    const auto come = similar(share);
    double moved = 0;
    for (std::size_t i = 0; i < n; ++i) {
      const double next = (1 - o.damping) / static_cast<double>(n) + o.damping * come[i];
      moved = std::max(moved, std::abs(next - rank[i]));
      rank[i] = next;
    }
    if (moved < 1e-5) break;
  }
  by_largest(rank);
  return rank;
}

std::vector<ScoredSentence> sample(const std::vector<TextPiece>& all, std::size_t most) {
  std::vector<ScoredSentence> out;
  const std::size_t n = std::min(all.size(), std::max<std::size_t>(most, 2));
  for (std::size_t i = 0; i < n; ++i) {
    const std::size_t at = n == all.size() ? i : i * (all.size() - 1) / (n - 1);
    out.emplace_back().piece = all[at];
  }
  return out;
}

void score(std::string_view text, std::vector<ScoredSentence>& s, const CompressionOptions& o) {
  Counts counts(text, s);
  const std::size_t n = s.size();
  std::vector<double> tf_idf(n, 0);
  for (std::size_t i = 0; i < n; ++i) {
    for (const auto& e : counts.rows[i])
      tf_idf[i] += e.value * std::log(1 + static_cast<double>(n) / counts.documents[e.term]);
    if (counts.units[i] > 0) tf_idf[i] /= counts.units[i];
  }
  by_largest(tf_idf);
  counts.normalise();
  const auto rank = text_rank(counts, o);
  auto centre = counts.by_term(std::vector<double>(n, 1));
  double length = 0;
  for (const double c : centre) length += c * c;
  length = std::sqrt(length);
  const auto near = counts.by_sentence(centre);
  for (std::size_t i = 0; i < n; ++i) {
    s[i].textrank = rank[i];
    s[i].position =
        n == 1 ? 1 : 1 - 0.5 * std::sin(std::numbers::pi * static_cast<double>(i) / static_cast<double>(n - 1));
    s[i].tf_idf = tf_idf[i];
    s[i].novelty = std::clamp(length > 0 ? 1 - near[i] / length : 1.0, 0.0, 1.0);
    s[i].score =
        o.textrank * s[i].textrank + o.position * s[i].position + o.tf_idf * s[i].tf_idf + o.novelty * s[i].novelty;
  }
}

}  // namespace

CompressionOptions CompressionOptions::read(Settings& s) {
  CompressionOptions o;
  const auto whole = [&](std::string_view key, std::size_t& out, double low, double high) {
    out = static_cast<std::size_t>(s.number(key, static_cast<double>(out), low, high));
  };
  whole("target_tokens", o.target_tokens, 16, 1e6);
  whole("max_tokens", o.target_tokens, 16, 1e6);  // as the reference calls it
  whole("most_sentences", o.most_sentences, 10, 5000);
  whole("keep_first", o.keep_first, 0, 100);
  whole("keep_last", o.keep_last, 0, 100);
  o.textrank = s.number("textrank_weight", o.textrank, 0, 1);
  o.position = s.number("position_weight", o.position, 0, 1);
  o.tf_idf = s.number("tfidf_weight", o.tf_idf, 0, 1);
  o.novelty = s.number("novelty_weight", o.novelty, 0, 1);
  return o;
}

CompressedPrompt compress_prompt(std::string_view text, const CompressionOptions& o) {
  CompressedPrompt out;
  out.tokens_before = out.tokens_after = tokens_of_bytes(text.size());
  if (out.tokens_before <= o.target_tokens) {
    out.text = text;
    return out;
  }
  // A piece is never longer than half of what there is room for.
  const std::size_t budget = 4 * o.target_tokens;
  out.sentences = sample(sentences_of(text, std::clamp<std::size_t>(budget / 2, 32, 1000)), o.most_sentences);
  auto& s = out.sentences;
  if (s.empty()) {  // nothing but space
    out.tokens_after = 0;
    out.compressed = true;
    return out;
  }
  score(text, s, o);
  std::size_t used = 0;
  const auto keep = [&](std::size_t i) {
    const std::size_t cost = s[i].piece.end - s[i].piece.begin + (used > 0 ? 1 : 0);
    if (s[i].kept || used + cost > budget) return;
    s[i].kept = true;
    used += cost;
  };
  // In turn, so that a small budget holds something of both ends: people ask at either.
  for (std::size_t i = 0; i < std::max(o.keep_first, o.keep_last); ++i) {
    if (i < std::min(o.keep_first, s.size())) keep(i);
    if (i < std::min(o.keep_last, s.size())) keep(s.size() - 1 - i);
  }
  std::vector<std::size_t> order(s.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return s[a].score > s[b].score; });
  for (const std::size_t i : order) keep(i);
  for (const auto& one : s) {
    if (!one.kept) continue;
    if (!out.text.empty()) out.text += ' ';
    out.text += one.piece.of(text);
  }
  out.tokens_after = tokens_of_bytes(out.text.size());
  out.compressed = true;
  return out;
}

std::optional<CompressionOptions> prompt_compression_of(const Policy& policy, std::vector<Finding>& findings) {
  const Json* block = policy.fields.find("prompt_compression");
  if (!block || block->is_null()) return std::nullopt;
  if (!block->is_object()) {
    findings.push_back({Finding::Level::error,
                        "wrong-type",
                        policy.where,
                        "prompt_compression must be a block of fields",
                        "prompt_compression = { target_tokens = 512 }",
                        {}});
    return std::nullopt;
  }
  Settings s(*block, "prompt_compression", policy.where, findings);
  const bool on = s.flag("enabled", true);
  CompressionOptions o = CompressionOptions::read(s);
  s.finish();
  if (!on) return std::nullopt;
  return o;
}

}  // namespace wattline::policy
