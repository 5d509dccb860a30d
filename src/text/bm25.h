// Okapi BM25 of a query against a set of documents (Robertson and Zaragoza 2009, doi:10.1561/1500000019):
//   score(q, d) = sum over distinct terms t of q: idf(t) f (k1 + 1) / (f + k1 (1 - b + b |d| / mean |d|)),
//   idf(t) = ln(1 + (N - n + 0.5) / (n + 0.5)),
// f the count of t in d, n the documents with t, |d| in units (units.h). Terms are case-folded units.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace wattline::text {

struct Bm25Parameters {
  double k1 = 1.2, b = 0.75;
};

class Bm25 {
 public:
  Bm25() = default;
  // Error (bad_input) for k1 < 0 or b outside 0..1.
  explicit Bm25(std::span<const std::string_view> documents, Bm25Parameters = {});

  std::size_t documents() const { return documents_; }

  struct Scratch {
    std::vector<std::uint32_t> seen;  // by term: the number of the query that used it last
    std::uint32_t query = 0;
    const Bm25* owner = nullptr;
  };
  // scores.size() == documents(). Allocates nothing once the scratch knows this index.
  void score(std::string_view query, std::span<float> scores, Scratch&) const;

 private:
  struct Posting {
    std::uint32_t document;
    float weight;
  };
  std::size_t slot_of(std::uint64_t term) const;

  std::size_t documents_ = 0;
  std::vector<std::uint64_t> slots_;  // open addressing; 0 is free
  std::vector<std::uint32_t> terms_;  // by slot: number of the term
  std::vector<std::uint32_t> begins_;  // by term, one more than terms
  std::vector<Posting> postings_;
};

// A number of 64 bits for a folded unit; never 0.
std::uint64_t term_hash(std::string_view unit);

}  // namespace wattline::text
