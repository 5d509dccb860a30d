#include "text/unigram.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <unicode/normalizer2.h>
#include <unicode/unistr.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/utf8.h"
#include "text/utf8.h"

namespace wattline::text {
namespace {

constexpr std::string_view separator = "\xE2\x96\x81";  // U+2581

// NFKC, with the separator in front and for each space.
std::string prepared(std::string_view text) {
  std::string flat;
  bool plain = true;
  for (const char c : text) plain &= static_cast<unsigned char>(c) < 0x80;
  if (plain) {
    flat = text;
  } else {
    UErrorCode status = U_ZERO_ERROR;
    const icu::Normalizer2* nfkc = icu::Normalizer2::getNFKCInstance(status);
    if (U_SUCCESS(status)) {
      // ICU reads broken bytes as U+FFFD, which no piece holds.
      nfkc->normalize(icu::UnicodeString::fromUTF8(icu::StringPiece(text.data(), static_cast<int32_t>(text.size()))),
                      status)
          .toUTF8String(flat);
    }
    if (U_FAILURE(status)) throw world_error(fmt::format("NFKC failed: {}", u_errorName(status)), "ICU");
  }
  std::string out;
  if (flat.empty()) return out;
  out.reserve(flat.size() + 16);
  out += separator;
  for (const char c : flat) {
    if (c == ' ') out += separator;
    else out += c;
  }
  return out;
}

std::uint64_t mixed(std::uint64_t key) { return (key * 0x9E3779B97F4A7C15u) >> 20; }

}  // namespace

UnigramTokenizer::UnigramTokenizer(std::string_view vocabulary_json, std::string_view where) {
  const std::string place(where);
  const Json all = parse_json(vocabulary_json, where);
  if (!all.is_array()) throw bad_input("the vocabulary is not a list of [piece, log-probability]", place);
  const auto& rows = all.as_array();
  if (rows.size() <= reserved || rows.size() > 1'000'000)
    throw bad_input(fmt::format("the vocabulary has {} pieces; 7 to 1000000 are read", rows.size()), place,
                    "the file may be of another model");
  edges_.resize(1024);
  piece_of_.push_back(0);
  for (std::uint32_t id = 0; id < rows.size(); ++id) {
    const auto fault = [&](const std::string& what) { return bad_input(what, fmt::format("{}: piece {}", where, id)); };
    if (!rows[id].is_array() || rows[id].as_array().size() != 2 || !rows[id].as_array()[0].is_string())
      throw fault("is not [piece, log-probability]");
    const std::string& piece = rows[id].as_array()[0].as_string();
    const Json& score = rows[id].as_array()[1];
    if (!score.is_null() && (!score.is_number() || !std::isfinite(score.as_number())))
      throw fault("the log-probability is neither a number nor null");
    if (piece.empty()) throw fault("is empty");
    lengths_.push_back(static_cast<std::uint32_t>(count_code_points(piece)));
    scores_.push_back(score.is_null() ? 0 : score.as_number());
    if (id >= reserved) add(piece, id);
  }
}

std::uint32_t UnigramTokenizer::child(std::uint32_t node, unsigned char byte) const {
  const std::uint64_t key = (std::uint64_t{node} << 8 | byte) + 1;
  for (std::size_t slot = mixed(key) & (edges_.size() - 1);; slot = (slot + 1) & (edges_.size() - 1)) {
    if (edges_[slot].key == key) return edges_[slot].node;
    if (edges_[slot].key == 0) return 0;
  }
}

void UnigramTokenizer::grow() {
  std::vector<Edge> old(edges_.size() * 2);
  old.swap(edges_);
  for (const Edge& e : old) {
    if (e.key == 0) continue;
    std::size_t slot = mixed(e.key) & (edges_.size() - 1);
    while (edges_[slot].key != 0) slot = (slot + 1) & (edges_.size() - 1);
    edges_[slot] = e;
  }
}

void UnigramTokenizer::add(std::string_view piece, std::uint32_t id) {
  std::uint32_t node = 0;
  for (const char c : piece) {
    const auto byte = static_cast<unsigned char>(c);
    std::uint32_t next = child(node, byte);
    if (next == 0) {
      if (++used_ * 2 > edges_.size()) grow();
      next = static_cast<std::uint32_t>(piece_of_.size());
      piece_of_.push_back(0);
      const std::uint64_t key = (std::uint64_t{node} << 8 | byte) + 1;
      std::size_t slot = mixed(key) & (edges_.size() - 1);
      while (edges_[slot].key != 0) slot = (slot + 1) & (edges_.size() - 1);
      edges_[slot] = {key, next};
    }
    node = next;
  }
  // Of a piece that is listed twice the later counts.
  piece_of_[node] = id;
}

bool UnigramTokenizer::encode(std::string_view text, std::vector<std::uint32_t>& ids, std::size_t limit) const {
  ids.clear();
  bool whole = true;
  if (text.size() > longest_text) {
    std::size_t cut = longest_text;
    while (cut > longest_text - 3 && (static_cast<unsigned char>(text[cut]) & 0xC0) == 0x80) --cut;
    text = text.substr(0, cut);
    whole = false;
  }
  const std::string flat = prepared(text);
  // By byte; only places where a character begins are used.
  struct Place {
    double score = 0;
    std::uint32_t piece = 0, begin = 0;
  };
  thread_local std::vector<Place> places;
  places.assign(flat.size() + 1, Place{});
  for (std::size_t at = 0; at < flat.size(); at += code_point_at(flat, at).length) {
    std::uint32_t node = 0;
    for (std::size_t end = at; end < flat.size();) {
      node = child(node, static_cast<unsigned char>(flat[end++]));
      if (node == 0) break;
      const std::uint32_t piece = piece_of_[node];
      if (piece == 0) continue;
      const double score = scores_[piece] + places[at].score;
      Place& to = places[end];
      if (to.score == 0 || score >= to.score) to = {score, piece, static_cast<std::uint32_t>(at)};
    }
  }
  for (std::size_t end = flat.size(); end > 0;) {
    const Place& p = places[end];
    if (p.piece != 0 || ids.empty() || ids.back() != 0) ids.push_back(p.piece);
    end = p.piece != 0 ? p.begin : end - code_point_before(flat, end).length;
  }
  std::reverse(ids.begin(), ids.end());
  if (ids.size() > limit) {
    ids.resize(limit);
    whole = false;
  }
  return whole;
}

}  // namespace wattline::text
