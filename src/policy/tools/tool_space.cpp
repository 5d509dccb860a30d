#include "policy/tools/tool_space.h"

#include <algorithm>
#include <numeric>

#include "kernel/cpu_energy.h"

namespace wattline::policy {

MeaningSpace::MeaningSpace(const text::Encoder& encoder, const std::vector<ToolText>& tools,
                           const std::vector<ToolQuery>& queries, const std::function<void(double)>& tick)
    : width_(encoder.width()), tools_(tools.size()), texts_(tools.size() * width_), queries_(queries.size() * width_) {
  for (std::size_t t = 0; t < tools.size(); ++t)
    encoder.encode(searched_text(tools[t].name, tools[t].description), std::span(texts_).subspan(t * width_, width_));
  const Duration begun = thread_cpu_time();
  for (std::size_t i = 0; i < queries.size(); ++i) {
    if (tick && i % 64 == 0) tick(static_cast<double>(i) / static_cast<double>(queries.size()));
    truncated_ += encoder.encode(queries[i].text, std::span(queries_).subspan(i * width_, width_)).truncated;
  }
  cpu_ = thread_cpu_time() - begun;
}

OutcomeVectors MeaningSpace::texts() const {
  OutcomeVectors v(width_);
  for (std::size_t t = 0; t < tools_; ++t) v.add(std::span(texts_).subspan(t * width_, width_));
  return v;
}

void MeaningSpace::served(OutcomeVectors& v, std::size_t tool, std::size_t i) const { v.served(tool, query(i)); }

void MeaningSpace::failed(OutcomeVectors& v, std::size_t tool, std::size_t i) const { v.failed(tool, query(i)); }

std::vector<float> MeaningSpace::matrix(const OutcomeVectors& v, const Refinement& r) const {
  std::vector<float> out(tools_ * width_);
  for (std::size_t t = 0; t < tools_; ++t) v.refined(t, r, std::span(out).subspan(t * width_, width_));
  return out;
}

void MeaningSpace::score(std::span<const float> matrix, std::size_t i, std::span<float> out) const {
  for (std::size_t t = 0; t < tools_; ++t) out[t] = text::dot(query(i), matrix.subspan(t * width_, width_));
}

WordSpace::WordSpace(const std::vector<ToolText>& tools, const std::vector<ToolQuery>& queries,
                     std::span<const std::size_t> rows)
    : tools_(tools.size()) {
  HashedText hashed;
  hashed.bits = bits;
  SparseRows counts;
  for (const auto& t : tools) hashed.add(searched_text(t.name, t.description), counts);
  for (const auto& q : queries) hashed.add(q.text, counts);
  std::vector<std::size_t> known(tools_);
  std::iota(known.begin(), known.end(), std::size_t{0});
  for (const auto r : rows) known.push_back(tools_ + r);
  rows_ = InverseFrequency(counts, known, bits, 1).apply(counts);
}

OutcomeVectors WordSpace::texts() const {
  OutcomeVectors v(std::size_t{1} << bits);
  for (std::size_t t = 0; t < tools_; ++t) v.add(rows_.indices(t), rows_.values(t));
  return v;
}

void WordSpace::served(OutcomeVectors& v, std::size_t tool, std::size_t i) const {
  v.served(tool, rows_.indices(tools_ + i), rows_.values(tools_ + i));
}

void WordSpace::failed(OutcomeVectors& v, std::size_t tool, std::size_t i) const {
  v.failed(tool, rows_.indices(tools_ + i), rows_.values(tools_ + i));
}

// Word by word, the tools side by side: a query reads whole rows.
std::vector<float> WordSpace::matrix(const OutcomeVectors& v, const Refinement& r) const {
  std::vector<float> out(v.width() * tools_), row(v.width());
  for (std::size_t t = 0; t < tools_; ++t) {
    v.refined(t, r, row);
    for (std::size_t w = 0; w < row.size(); ++w)
      if (row[w] != 0) out[w * tools_ + t] = row[w];
  }
  return out;
}

void WordSpace::score(std::span<const float> matrix, std::size_t i, std::span<float> out) const {
  std::fill(out.begin(), out.end(), 0.0F);
  const auto index = rows_.indices(tools_ + i);
  const auto value = rows_.values(tools_ + i);
  for (std::size_t k = 0; k < index.size(); ++k) {
    const float* row = matrix.data() + index[k] * tools_;
    for (std::size_t t = 0; t < tools_; ++t) out[t] += value[k] * row[t];
  }
}

}  // namespace wattline::policy
