#include "app/rooms.h"

#include "app/capabilities.h"
#include "catalog/capabilities.h"
#include "device/capabilities.h"
#include "ledger/capabilities.h"
#include "ledger/claims.h"
#include "lm/capabilities.h"
#include "meter/capabilities.h"
#include "meter/experiment/study_run.h"
#include "policy/directions.h"
#include "policy/evaluate/claims.h"
#include "serve/capabilities.h"
#include "serve/semantic/claims.h"
#include "study/capabilities.h"
#include "text/capabilities.h"

namespace wattline::app {

namespace {

// A room to users whose parts stand on two floors.
std::vector<Capability> joined(std::vector<Capability> a, std::vector<Capability> b) {
  for (auto& c : b) a.push_back(std::move(c));
  return a;
}

// One after the other: from a list in braces each would be copied, at every start of the program.
Rooms all_rooms() {
  Rooms out;
  out.reserve(9);
  out.push_back({"catalog", "what is known: devices, models, places, factors", catalog::capabilities()});
  out.push_back({"device", "J per unit of work on real hardware", device::capabilities()});
  out.push_back({"lm", "the built-in language models", lm::capabilities()});
  out.push_back({"text", "what a prompt is: vectors, language, labels", text::capabilities()});
  out.push_back({"serve", "the OpenAI-compatible gateway", serve::capabilities()});
  out.push_back({"study", "experiments: plans, runs, statistics of comparisons",
                 joined(study::capabilities(), meter::experiment_capabilities())});
  out.push_back({"meter", "the watts of this machine and of commands", meter::capabilities()});
  out.push_back({"ledger", "the account: carbon, water, reports", ledger::capabilities()});
  out.push_back({"program", "about this program", capabilities()});
  return out;
}

}  // namespace

const Rooms& rooms() {
  static const Rooms all = all_rooms();
  return all;
}

std::vector<Claim> claims() {
  std::vector<Claim> all;
  for (auto& c : ledger::claims()) all.push_back(std::move(c));
  for (auto& c : policy::evaluation_claims()) all.push_back(std::move(c));
  for (auto& c : serve::cache_claims()) all.push_back(std::move(c));
  for (auto& c : policy::direction_claims()) all.push_back(std::move(c));
  return all;
}

}  // namespace wattline::app
