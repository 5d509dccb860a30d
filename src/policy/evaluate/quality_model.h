// The probability that each model answers a prompt adequately, from its text alone, calibrated.
//
// Two layers (stacked generalisation; Wolpert 1992): text_stage.h, and over its features boosted trees, one for each
// model. The trees see of each training row what the first layer says without having seen that row, so that neither
// layer trusts what was learned by heart. Deterministic; 7,600 prompts of 50 topics take half a minute of one core.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "policy/evaluate/neighbours.h"
#include "policy/evaluate/text_stage.h"
#include "policy/evaluate/trees.h"
#include "policy/evaluate/workload.h"

namespace wattline::policy {

// The first layer of all rows: of training rows out of fold, of the others fitted on all training rows.
struct CrossFitted {
  std::size_t width = 0;
  std::vector<float> x;  // row by row of the workload
  std::vector<int> fold;  // of training rows; -1 of the others
  std::vector<std::string> topic;  // the likeliest of each row, predicted as above
  std::shared_ptr<const TextStage> stage;  // fitted on all training rows
  std::shared_ptr<const Neighbours> neighbours;  // none without an encoder
  std::vector<std::size_t> train;  // rows that neighbours are of
  int folds = 5;
};
// `tick` is called with the share done (for progress and cancelling).
CrossFitted cross_fit(const Workload&, const Split&, const TextStageFit& = {}, int folds = 5,
                      const std::function<void(double)>& tick = {},
                      std::shared_ptr<const Neighbours> neighbours = nullptr);

enum class FeatureSet { shape, words, topics, neighbours, all };
std::string_view to_string(FeatureSet);

struct QualityPredictions {
  // [model][row of the workload]: of training rows from trees of other folds, of test rows from trees of all.
  std::vector<std::vector<double>> quality;
  std::vector<Trees> trees;  // one a model, of all training rows
};
QualityPredictions predict_quality(const Workload&, const Split&, const CrossFitted&, FeatureSet,
                                   const TreesFit& = {.trees = 100, .depth = 3, .ridge = 20});

// For prompts that are in no workload.
class QualityModel {
 public:
  QualityModel(const CrossFitted&, const QualityPredictions&, FeatureSet, std::size_t models);
  // One probability a model.
  void predict(std::string_view prompt, std::span<double> out) const;

 private:
  std::shared_ptr<const TextStage> stage_;
  std::shared_ptr<const Neighbours> neighbours_;
  std::vector<std::size_t> train_;
  std::vector<Trees> trees_;
  std::vector<std::size_t> columns_;
};

}  // namespace wattline::policy
