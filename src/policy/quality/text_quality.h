// The chance that a model's answer to a prompt is adequate, read from the prompt alone: for each model a linear head
// over the prompt's n-grams and shape, calibrated on rows that it was not fitted to, with a lower bound.
//
// The idea is that of RouteLLM (Ong et al. 2024, arXiv:2406.18665) for two models; here any number, each with a
// probability of its own, so that models may be added and the cheapest adequate one be taken.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/linear_head.h"

namespace wattline::policy {

struct Quality {
  double expected = 0, low = 0;  // low: of the 90 % interval of the calibration rows with such predictions
};

// A prompt and, by model, whether its answer was adequate: 0 to 1, NaN when it was not asked.
struct QualityRow {
  std::string prompt;
  std::vector<double> quality;
};

class TextQuality {
 public:
  struct Options {
    unsigned bits = 12;  // of the n-grams' table
    double l2 = 3e-5;
    double held_out = 0.3;  // share of the rows that calibrate, by a hash of the prompt
  };
  // What training measured on the rows that calibrate, by model. The calibration error is that of the
  // rows the map was made from, so it flatters.
  struct Report {
    std::string model;
    std::size_t fitted = 0, calibrated = 0;
    double adequate = 0, auc = 0, ece = 0, brier = 0;
  };

  // Error(bad_input): no rows, no models, or a model whose rows are all right or all wrong needs none: it gets a
  // constant.
  static TextQuality train(const std::vector<std::string>& models, std::span<const QualityRow> rows, const Options&,
                           std::vector<Report>* report = nullptr);
  static TextQuality train(const std::vector<std::string>& models, std::span<const QualityRow> rows) {
    return train(models, rows, Options());
  }

  const std::vector<std::string>& models() const { return models_; }
  // One a model, in the order of models().
  void predict(std::string_view prompt, std::span<Quality> out) const;

  // Format `policy.quality.v1` (docs/formats/quality.md).
  std::string save() const;
  static TextQuality load(std::string_view bytes, std::string_view where);

 private:
  // Of predictions sorted: the mean outcome of those near each, and its lower bound.
  struct Map {
    std::vector<float> predicted, expected, low;
    Quality at(double p) const;
  };
  struct Member {
    std::vector<text::LinearHead> head;  // one, or none where the answer is a constant
    Map map;
  };
  TextQuality();

  std::vector<std::string> models_;
  std::vector<Member> members_;
  std::shared_ptr<const text::FeatureReader> reader_;
};

}  // namespace wattline::policy
