#include "policy/evaluate/text_stage.h"

#include <algorithm>
#include <cmath>
#include <map>

namespace wattline::policy {
namespace {

// Length, layout and kinds of characters.
void shape(std::string_view text, std::span<float> out) {
  float digits = 0, letters = 0, upper = 0, lines = 1, spaces = 0, other = 0;
  for (const char c : text) {
    const auto u = static_cast<unsigned char>(c);
    if (u >= '0' && u <= '9') ++digits;
    else if ((u | 32U) >= 'a' && (u | 32U) <= 'z') ++letters, upper += u < 'a';
    else if (u == '\n') ++lines;
    else if (u == ' ') ++spaces;
    else ++other;
  }
  const float n = std::max(1.0F, static_cast<float>(text.size()));
  const auto first = static_cast<float>(std::min(text.find('\n'), text.size()));
  const float values[TextStage::shape_width] = {std::log(n), digits / n, letters / n, upper / n, lines,
                                                spaces,      first,      n - first,   other / n};
  std::copy(std::begin(values), std::end(values), out.begin());
}

}  // namespace

void TextStage::fit(const Workload& w, const SparseRows& text, std::span<const std::size_t> rows,
                    const TextStageFit& how) {
  text_ = how.text;
  frequency_.emplace(text, rows, how.text.bits);
  const SparseRows weighed = frequency_->apply(text);
  const std::size_t models = w.models.size();

  // Topic 0 holds what is of no domain, or of one too rare to learn.
  std::map<std::string_view, std::size_t> count;
  for (const auto r : rows) ++count[w.rows[r].domain];
  std::map<std::string_view, std::uint32_t> index;
  topics_ = {""};
  for (const auto& [domain, n] : count)
    if (!domain.empty() && n >= how.least_rows && topics_.size() < 256) {
      index[domain] = static_cast<std::uint32_t>(topics_.size());
      topics_.emplace_back(domain);
    }
  std::vector<std::uint32_t> topic;
  for (const auto r : rows) {
    const auto found = index.find(w.rows[r].domain);
    topic.push_back(found == index.end() ? 0 : found->second);
  }
  if (topics_.size() > 2)
    topic_model_.fit(weighed, rows, topic, static_cast<std::uint32_t>(topics_.size()), how.text.bits,
                     {.epochs = how.epochs, .rate = 4});
  else topics_ = {""}, std::fill(topic.begin(), topic.end(), 0);

  means_.assign(models, {});
  word_models_.assign(models, {});
  for (std::size_t m = 0; m < models; ++m) {
    double sum = 0, n = 0;
    std::vector<double> sums(topics_.size()), counts(topics_.size());
    std::vector<std::size_t> there;
    std::vector<std::uint32_t> label;
    for (std::size_t k = 0; k < rows.size(); ++k) {
      const RecordedAnswer& a = w.rows[rows[k]].answers[m];
      if (!a.there()) continue;
      sum += a.quality, ++n;
      sums[topic[k]] += a.quality, ++counts[topic[k]];
      there.push_back(rows[k]);
      label.push_back(a.quality >= how.adequate);
    }
    const double mean = n > 0 ? sum / n : 0.5;
    for (std::size_t t = 0; t < topics_.size(); ++t)
      means_[m].push_back((sums[t] + how.shrinkage * mean) / (counts[t] + how.shrinkage));
    word_models_[m].fit(weighed, there, label, 2, how.text.bits, {.epochs = 5, .rate = 0.6F, .decay = 1e-4F});
  }
}

void TextStage::features(const SparseRows& weighed, std::size_t row, std::string_view prompt,
                         std::span<float> out) const {
  const std::size_t models = means_.size();
  std::vector<float> p(topics_.size(), 1);
  if (topics_.size() > 1) topic_model_.predict(weighed, row, p);
  float top = 0;
  for (const float x : p) top = std::max(top, x);
  for (std::size_t m = 0; m < models; ++m) {
    double mean = 0;
    for (std::size_t t = 0; t < p.size(); ++t) mean += static_cast<double>(p[t]) * means_[m][t];
    out[m] = static_cast<float>(mean);
  }
  out[models] = out[models - 1] - out[0];
  out[models + 1] = top;
  for (std::size_t m = 0; m < models; ++m) {
    float q[2];
    word_models_[m].predict(weighed, row, q);
    out[models + 2 + m] = std::log(std::max(q[1], 1e-6F) / std::max(q[0], 1e-6F));
  }
  shape(prompt, out.subspan(2 * models + 2, shape_width));
}

std::string_view TextStage::topic(const SparseRows& weighed, std::size_t row) const {
  if (topics_.size() < 2) return "";
  std::vector<float> p(topics_.size());
  topic_model_.predict(weighed, row, p);
  return topics_[static_cast<std::size_t>(std::max_element(p.begin(), p.end()) - p.begin())];
}

TextStage::Kind TextStage::kind_of(std::size_t column, std::size_t models) {
  return column < models + 2         ? Kind::topics
         : column < 2 * models + 2   ? Kind::words
         : column < width_of(models) ? Kind::shape
                                     : Kind::neighbours;
}

}  // namespace wattline::policy
