// `serve adaptation-study`: what adapting to users does, in a made world whose users are known; and `serve adaptation`,
// what a gateway has learned of users, seen and erased in its file.
#pragma once

#include "kernel/capability.h"
#include "kernel/claim.h"
#include "policy/adapt/user_adaptation.h"

namespace wattline::policy {

// A made world. A request's small model is adequate for a usual user with a probability drawn from `easiest` down to
// `hardest`, and predicted so; a strict user is content with it that much less often, a lenient one that much more. The
// large model contents all. Half way all strict users become lenient and all lenient ones strict.
struct AdaptationWorld {
  std::int64_t users = 60, requests = 400;  // of a user
  double border = 0.8;  // predicted quality from which the small model answers
  double strictness = 0.2, easiest = 1, hardest = 0.5;
  double rated = 0.3;  // share of answers that get a verdict
  double small_energy = 1, large_energy = 10;  // J
  double explore = 0.02;
  AdaptationRule rule;
};

struct AdaptationOutcome {
  struct Group {
    std::string name;
    double small_before = 0, small_after = 0;  // share answered by the small model, last quarter of each half
    double content = 0, content_without = 0;  // share of answers that contented, with and without adaptation
    double energy = 0, energy_without = 0;  // J an answer
  };
  std::vector<Group> groups;  // usual, strict first, lenient first
  std::vector<double> lag;  // requests of a user from the change until the shift has the other sign; by changed user
  std::vector<std::vector<double>> shift;  // [group][request]: mean over its users
  double moved_by_one = 0;  // largest shift of others that one user's 10,000 verdicts bring about
};
AdaptationOutcome simulate_adaptation(const AdaptationWorld&, std::uint64_t seed);

Capability adaptation_study_capability();
Capability adaptation_capability();
Claim adaptation_claim();

}  // namespace wattline::policy
