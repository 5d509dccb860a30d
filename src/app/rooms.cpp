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
std::vector<Capability> study_capabilities() {
  std::vector<Capability> out = study::capabilities();
  for (auto& c : meter::experiment_capabilities()) out.push_back(std::move(c));
  return out;
}

Rooms all_rooms() {
  return {{"catalog", "what is known: devices, models, places, factors", {catalog::capabilities, {}}},
          {"device", "J per unit of work on real hardware", {device::capabilities, {}}},
          {"lm", "the built-in language models", {lm::capabilities, {}}},
          {"text", "what a prompt is: vectors, language, labels", {text::capabilities, {}}},
          {"serve", "the OpenAI-compatible gateway", {serve::capabilities, {"serve"}}},
          {"study", "experiments: plans, runs, statistics of comparisons", {study_capabilities, {}}},
          {"meter", "the watts of this machine and of commands", {meter::capabilities, {"run", "top", "agent"}}},
          {"ledger", "the account: carbon, water, reports", {ledger::capabilities, {"report"}}},
          {"program", "about this program", {capabilities, {"papers"}}}};
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
