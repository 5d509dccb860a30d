// The two spaces in which queries and tools are compared: meaning (sentence vectors) and words (n-grams weighed by
// rarity). Tools get their vectors there from their texts and from outcomes (outcome_vectors.h), the same way in both.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "kernel/quantity.h"
#include "policy/evaluate/hashed_text.h"
#include "policy/tools/outcome_vectors.h"
#include "policy/tools/tool_data.h"
#include "text/encoder.h"

namespace wattline::policy {

class ToolSpace {
 public:
  virtual ~ToolSpace() = default;
  // Vectors of the tools' texts, with no outcome yet.
  virtual OutcomeVectors texts() const = 0;
  virtual void served(OutcomeVectors&, std::size_t tool, std::size_t query) const = 0;
  virtual void failed(OutcomeVectors&, std::size_t tool, std::size_t query) const = 0;
  // Refined vectors, in the order in which score() reads them.
  virtual std::vector<float> matrix(const OutcomeVectors&, const Refinement&) const = 0;
  // The cosine of a query with each tool; out.size() is the number of tools.
  virtual void score(std::span<const float> matrix, std::size_t query, std::span<float> out) const = 0;
};

class MeaningSpace final : public ToolSpace {
 public:
  // Encodes all; `tick` is called with the share done.
  MeaningSpace(const text::Encoder&, const std::vector<ToolText>&, const std::vector<ToolQuery>&,
               const std::function<void(double)>& tick = {});

  OutcomeVectors texts() const override;
  void served(OutcomeVectors&, std::size_t tool, std::size_t query) const override;
  void failed(OutcomeVectors&, std::size_t tool, std::size_t query) const override;
  std::vector<float> matrix(const OutcomeVectors&, const Refinement&) const override;
  void score(std::span<const float> matrix, std::size_t query, std::span<float> out) const override;

  Duration cpu_of_queries() const { return cpu_; }  // that encoding them took
  std::size_t truncated() const { return truncated_; }  // queries that the encoder reads the beginning of

 private:
  std::span<const float> query(std::size_t i) const { return std::span(queries_).subspan(i * width_, width_); }

  std::size_t width_, tools_;
  std::vector<float> texts_, queries_;
  Duration cpu_{0};
  std::size_t truncated_ = 0;
};

class WordSpace final : public ToolSpace {
 public:
  // Rarity is that among the texts of the tools and the queries `rows`, no other.
  WordSpace(const std::vector<ToolText>&, const std::vector<ToolQuery>&, std::span<const std::size_t> rows);

  OutcomeVectors texts() const override;
  void served(OutcomeVectors&, std::size_t tool, std::size_t query) const override;
  void failed(OutcomeVectors&, std::size_t tool, std::size_t query) const override;
  std::vector<float> matrix(const OutcomeVectors&, const Refinement&) const override;
  void score(std::span<const float> matrix, std::size_t query, std::span<float> out) const override;

 private:
  static constexpr int bits = 15;

  std::size_t tools_;
  SparseRows rows_;  // tools, then queries
};

}  // namespace wattline::policy
