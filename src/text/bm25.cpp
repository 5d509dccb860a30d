#include "text/bm25.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "kernel/error.h"
#include "text/fold.h"
#include "text/units.h"
#include "text/utf8.h"

namespace wattline::text {

std::uint64_t term_hash(std::string_view unit) {
  std::uint64_t h = 0xcbf29ce484222325u;
  each_code_point(unit, [&](char32_t c) { h = (h ^ fold_code_point(c)) * 0x100000001b3u; });
  // The multiplication above leaves the high bits of short words alike.
  h ^= h >> 32;
  h *= 0x9E3779B97F4A7C15u;
  h ^= h >> 29;
  return h == 0 ? 1 : h;
}

Bm25::Bm25(std::span<const std::string_view> documents, Bm25Parameters p) : documents_(documents.size()) {
  if (!(p.k1 >= 0) || !(p.b >= 0 && p.b <= 1))
    throw bad_input(fmt::format("BM25 with k1 = {} and b = {}", p.k1, p.b), "BM25", "k1 is 0 or more, b from 0 to 1");
  // Ordered, so that equal input gives an equal index.
  std::map<std::uint64_t, std::vector<std::pair<std::uint32_t, std::uint32_t>>> counts;
  std::vector<double> lengths;
  double total = 0;
  for (std::uint32_t d = 0; d < documents.size(); ++d) {
    double length = 0;
    for (UnitWalk walk(documents[d]); walk.next(); ++length) {
      auto& by_document = counts[term_hash(walk.unit())];
      if (by_document.empty() || by_document.back().first != d) by_document.emplace_back(d, 0);
      ++by_document.back().second;
    }
    lengths.push_back(length);
    total += length;
  }
  const double mean = total > 0 ? total / static_cast<double>(documents_) : 1;
  slots_.assign(std::bit_ceil(std::max<std::size_t>(counts.size() * 2, 2)), 0);
  terms_.assign(slots_.size(), 0);
  for (const auto& [term, by_document] : counts) {
    const std::size_t slot = slot_of(term);
    slots_[slot] = term;
    terms_[slot] = static_cast<std::uint32_t>(begins_.size());
    begins_.push_back(static_cast<std::uint32_t>(postings_.size()));
    const auto n = static_cast<double>(by_document.size());
    const double idf = std::log(1 + (static_cast<double>(documents_) - n + 0.5) / (n + 0.5));
    for (const auto& [document, f] : by_document) {
      const double norm = p.k1 * (1 - p.b + p.b * lengths[document] / mean);
      postings_.push_back({document, static_cast<float>(idf * f * (p.k1 + 1) / (f + norm))});
    }
  }
  begins_.push_back(static_cast<std::uint32_t>(postings_.size()));
}

std::size_t Bm25::slot_of(std::uint64_t term) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t slot = term & mask;
  while (slots_[slot] != 0 && slots_[slot] != term) slot = (slot + 1) & mask;
  return slot;
}

void Bm25::score(std::string_view query, std::span<float> scores, Scratch& scratch) const {
  std::fill(scores.begin(), scores.end(), 0.0f);
  if (slots_.empty()) return;
  if (scratch.owner != this || scratch.seen.size() + 1 != begins_.size() || ++scratch.query == 0) {
    scratch.owner = this;
    scratch.seen.assign(begins_.size() - 1, 0);
    scratch.query = 1;
  }
  for (UnitWalk walk(query); walk.next();) {
    const std::size_t slot = slot_of(term_hash(walk.unit()));
    if (slots_[slot] == 0) continue;
    const std::uint32_t term = terms_[slot];
    if (scratch.seen[term] == scratch.query) continue;
    scratch.seen[term] = scratch.query;
    for (std::uint32_t k = begins_[term]; k < begins_[term + 1]; ++k)
      scores[postings_[k].document] += postings_[k].weight;
  }
}

}  // namespace wattline::text
