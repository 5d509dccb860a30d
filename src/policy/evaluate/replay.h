// A recorded workload run through an algorithm: which model would have answered, how well, at what cost.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "policy/evaluate/calibration.h"
#include "policy/evaluate/energies.h"
#include "policy/evaluate/quality_model.h"
#include "policy/selection.h"

namespace wattline::policy {

struct ReplayWorld {
  const Workload* workload = nullptr;
  std::span<const std::size_t> rows;  // in order of time
  const QualityPredictions* predictions = nullptr;
  const CrossFitted* crossed = nullptr;
  std::vector<LowerBound> lower;  // one a model, of held-out predictions of training rows
  const Energies* energies = nullptr;
  double adequate = 0.5;
};
ReplayWorld replay_world(const Workload&, const Split&, const QualityPredictions&, const CrossFitted&, const Energies&,
                         double adequate);

struct ReplayOptions {
  double feedback = 1;  // share of answers whose quality the algorithm is told
  double shadow = 0;  // share of answers of smaller models that the largest answers too, for labels; its energy counts
  double router = 0;  // J a request
  StopRule stop;  // of cascades
  std::uint64_t seed = 1;
};

struct PolicyRun {
  std::string name;
  std::vector<double> quality, energy;  // by row, failed attempts and shadow traffic included
  std::vector<int> answered_by;
  std::vector<double> share;  // of answers, by model
  double attempts = 0;  // mean
  double agreement = 0;  // share of rows answered by the cheapest model that was adequate (routing accuracy)
  double lost = 0;  // share answered inadequately where the largest was adequate
  double regret = 0;  // mean quality below the best answer there was
  double shadowed = 0;  // share of all requests
  std::size_t drift_alarms = 0;
};
// Predictions for a row, as a gateway would have them before the answer.
void predict_row(const ReplayWorld&, std::size_t row, std::span<Prediction>, Situation&);

PolicyRun replay(const ReplayWorld&, Selector&, std::string name, const ReplayOptions&,
                 const std::function<void()>& between = {});
// Baselines: one model always; and the oracle, which knows the outcomes and takes the cheapest of the best answers.
PolicyRun replay_always(const ReplayWorld&, std::size_t model);
PolicyRun replay_oracle(const ReplayWorld&);

// 1 - energy / energy of the largest, and quality / quality of the largest, with 95 % bootstrap intervals over rows.
struct AgainstLargest {
  double saving = 0, retained = 0;
  Interval saving_interval, retained_interval;
};
AgainstLargest against(const PolicyRun&, const PolicyRun& largest, std::size_t resamples, std::uint64_t seed);

// saving = 1 - [(1 - h) sum_k s_k r_k + overhead]: h the share of cache hits, s_k the share that model k answers of the
// rest, r_k its energy over the largest's, overhead that of router, cache and failed attempts over the largest's
// (context-aware switching, section 3; of two models s r + (1 - s)).
double saving_identity(double h, std::span<const double> share, std::span<const double> ratio, double overhead);

}  // namespace wattline::policy
