// The capability `ledger label`: how well a model's energy is reported, its A to E label, and what a whole table of
// models says (paper 10: Castaño et al., ESEM 2023, arXiv 2305.11164).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "catalog/place_options.h"
#include "kernel/capability.h"
#include "kernel/claim.h"
#include "ledger/label/peers.h"

namespace wattline::ledger {

enum class Population { automatic, paper, table };

struct LabelOptions {
  InputFile models;
  Convention convention = Convention::published;
  LabelWeights weights = LabelWeights::paper;
  Population population = Population::automatic;
  Peers peers = Peers::all;
  std::optional<Bytes> size, dataset_size;
  std::optional<double> downloads, performance;
  std::string since;
  std::int64_t stability = 0;
  std::int64_t rows = 20;
  catalog::PlaceOptions place;
};

Result label(const LabelOptions&, Context&);
Capability label_capability();
std::vector<Claim> label_claims();

}  // namespace wattline::ledger
