#include "policy/evaluate/quality_model.h"

namespace wattline::policy {
namespace {

std::vector<std::size_t> columns_of(FeatureSet set, std::size_t models, std::size_t width) {
  std::vector<std::size_t> out;
  for (std::size_t c = 0; c < width; ++c) {
    const TextStage::Kind kind = TextStage::kind_of(c, models);
    if (set == FeatureSet::all || (set == FeatureSet::topics && kind == TextStage::Kind::topics) ||
        (set == FeatureSet::words && kind == TextStage::Kind::words) ||
        (set == FeatureSet::shape && kind == TextStage::Kind::shape) ||
        (set == FeatureSet::neighbours && kind == TextStage::Kind::neighbours))
      out.push_back(c);
  }
  return out;
}

}  // namespace

std::string_view to_string(FeatureSet set) {
  switch (set) {
    case FeatureSet::shape: return "shape";
    case FeatureSet::words: return "words";
    case FeatureSet::topics: return "topics";
    case FeatureSet::neighbours: return "neighbours";
    case FeatureSet::all: return "all";
  }
  return "all";
}

CrossFitted cross_fit(const Workload& w, const Split& split, const TextStageFit& how, int folds,
                      const std::function<void(double)>& tick, std::shared_ptr<const Neighbours> neighbours) {
  CrossFitted out;
  out.folds = folds;
  const std::size_t own = TextStage::width_of(w.models.size());
  out.width = own + (neighbours ? Neighbours::width_of(w.models.size()) : 0);
  out.x.assign(w.rows.size() * out.width, 0);
  out.fold.assign(w.rows.size(), -1);
  out.topic.resize(w.rows.size());
  SparseRows text;
  for (const auto& row : w.rows) how.text.add(row.prompt, text);
  // Another digit of the hash than that of the split: equal prompts stay together here too.
  for (const auto r : split.train)
    out.fold[r] = static_cast<int>((prompt_hash(w.rows[r].prompt) >> 20) % static_cast<std::uint64_t>(folds));
  for (int f = 0; f <= folds; ++f) {
    if (tick) tick(static_cast<double>(f) / (folds + 1));
    std::vector<std::size_t> seen, unseen;
    for (const auto r : split.train) (out.fold[r] != f ? seen : unseen).push_back(r);
    if (f == folds) unseen = split.test;
    auto stage = std::make_shared<TextStage>();
    stage->fit(w, text, seen, how);
    const SparseRows weighed = stage->apply(text);
    for (const auto r : unseen) {
      const auto x = std::span(out.x).subspan(r * out.width, out.width);
      stage->features(weighed, r, w.rows[r].prompt, x.first(own));
      if (neighbours) neighbours->of_row(r, seen, x.subspan(own));
      out.topic[r] = stage->topic(weighed, r);
    }
    if (f == folds) out.stage = std::move(stage);
  }
  if (tick) tick(1);
  out.neighbours = std::move(neighbours);
  out.train = split.train;
  return out;
}

QualityPredictions predict_quality(const Workload& w, const Split& split, const CrossFitted& crossed, FeatureSet set,
                                   const TreesFit& how) {
  QualityPredictions out;
  const std::size_t models = w.models.size();
  const auto columns = columns_of(set, models, crossed.width);
  std::vector<float> row(columns.size());
  const auto take = [&](std::size_t r) {
    for (std::size_t c = 0; c < columns.size(); ++c) row[c] = crossed.x[r * crossed.width + columns[c]];
  };
  TreesFit fit = how;
  fit.logistic = true;
  for (std::size_t m = 0; m < models; ++m) {
    auto& quality = out.quality.emplace_back(w.rows.size(), 0.5);
    for (int f = 0; f <= crossed.folds; ++f) {
      std::vector<float> x;
      std::vector<double> target;
      for (const auto r : split.train) {
        if (crossed.fold[r] == f || !w.rows[r].answers[m].there()) continue;
        take(r);
        x.insert(x.end(), row.begin(), row.end());
        target.push_back(w.rows[r].answers[m].quality);
      }
      Trees trees;
      trees.fit(x, columns.size(), target, fit);
      const auto judge = [&](std::size_t r) { return take(r), quality[r] = trees.predict(row); };
      if (f < crossed.folds) {
        for (const auto r : split.train)
          if (crossed.fold[r] == f) judge(r);
      } else {
        for (const auto r : split.test) judge(r);
        out.trees.push_back(std::move(trees));
      }
    }
  }
  return out;
}

QualityModel::QualityModel(const CrossFitted& crossed, const QualityPredictions& predictions, FeatureSet set,
                           std::size_t models)
    : stage_(crossed.stage),
      neighbours_(crossed.neighbours),
      train_(crossed.train),
      trees_(predictions.trees),
      columns_(columns_of(set, models, crossed.width)) {}

void QualityModel::predict(std::string_view prompt, std::span<double> out) const {
  SparseRows one;
  stage_->text().add(prompt, one);
  const SparseRows weighed = stage_->apply(one);
  std::vector<float> x(stage_->width()), row;
  stage_->features(weighed, 0, prompt, x);
  if (neighbours_) {
    x.resize(x.size() + Neighbours::width_of(trees_.size()));
    neighbours_->of_prompt(prompt, train_, std::span(x).subspan(stage_->width()));
  }
  for (const auto c : columns_) row.push_back(x[c]);
  for (std::size_t m = 0; m < trees_.size() && m < out.size(); ++m) out[m] = trees_[m].predict(row);
}

}  // namespace wattline::policy
