// The tokeniser of Universal Sentence Encoder Lite: a unigram model (Kudo 2018, arXiv 1804.10959) whose
// vocabulary is a JSON list of [piece, log-probability], read as the TensorFlow.js runtime of that model
// reads it, which differs from SentencePiece in three ways that the vectors depend on: a piece whose
// log-probability is null scores 0; a place that no piece reaches scores 0, so that the best path begins
// anew behind it; equal scores take the piece that begins later.
//
// Text is brought to NFKC, led by U+2581, and each space becomes U+2581; case stays. Ids 0 to 5 are
// reserved, 0 is unknown, consecutive unknown characters are one id.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::text {

class UnigramTokenizer {
 public:
  static constexpr std::uint32_t reserved = 6;
  // What is read of a text: far more than `limit` ids need in any language that the vocabulary knows.
  static constexpr std::size_t longest_text = 16384;  // bytes

  UnigramTokenizer() = default;
  // Of a piece listed twice the later counts. Error (bad_input): not JSON, not a list of pairs, an empty
  // piece, a score that is no number or null, fewer than 7 or over a million pieces. `where` names the file.
  UnigramTokenizer(std::string_view vocabulary_json, std::string_view where);

  std::size_t pieces() const { return lengths_.size(); }
  // Replaces `ids` by the first `limit` ids; false when the text has more.
  bool encode(std::string_view text, std::vector<std::uint32_t>& ids, std::size_t limit) const;

 private:
  // A trie over bytes; a child's place is looked up by (node, byte) in an open-addressed table.
  struct Edge {
    std::uint64_t key = 0;  // node << 8 | byte, plus 1; 0 is free
    std::uint32_t node = 0;
  };
  std::uint32_t child(std::uint32_t node, unsigned char byte) const;  // 0: none
  void add(std::string_view piece, std::uint32_t id);
  void grow();

  std::vector<std::uint32_t> lengths_;  // by id, in code points
  std::vector<double> scores_;  // by id
  std::vector<Edge> edges_;
  std::size_t used_ = 0;
  std::vector<std::uint32_t> piece_of_;  // by node: id, or 0
};

}  // namespace wattline::text
