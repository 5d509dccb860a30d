// Conservative Q-learning on logged sessions (Kumar, Zhou, Tucker, Levine, NeurIPS 2020, with the regulariser
// CQL(H)): which model to ask at each turn so that the rest of the session goes well, without taking a model for good
// that the log has hardly tried. Q is linear in the features of the turn, one weight vector a model.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "kernel/json.h"
#include "policy/selection.h"

namespace wattline::policy {

// The features of a turn: 1, turn / 8 up to 1, tool loop, prompt / 8192 tokens up to 1, and the request's own.
std::vector<double> turn_features(const Situation&, std::size_t own);

struct LoggedTurn {
  std::vector<double> features;  // of one length in all turns
  std::string model;
  double reward = 0;  // of this turn: quality less cost, or -1 a turn to make sessions short
  bool last = false;  // of its session; turns of a session follow one another
};

struct QFit {
  double discount = 0.95;  // of the next turn's value
  double conservatism = 0.5;  // weight of logsumexp_a Q(s, a) - Q(s, logged)
  double ridge = 1e-3;
  int rounds = 60, steps = 20;  // targets are renewed each round; gradient steps within one
  double rate = 0.5;
};
// State of the algorithm `conservative_q`. Deterministic. Error(bad_input) when there are no turns or they differ in
// length, and for rewards that are not finite.
Json fit_conservative_q(std::span<const LoggedTurn>, const QFit& = {});

}  // namespace wattline::policy
