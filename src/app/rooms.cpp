#include "app/rooms.h"

#include "app/capabilities.h"
#include "catalog/capabilities.h"
#include "device/capabilities.h"
#include "ledger/capabilities.h"
#include "ledger/claims.h"
#include "lm/capabilities.h"
#include "meter/capabilities.h"
#include "serve/capabilities.h"
#include "study/capabilities.h"

namespace wattline::app {

const std::vector<Room>& rooms() {
  static const std::vector<Room> all = {
      {"catalog", "what is known: devices, models, places, factors", catalog::capabilities()},
      {"device", "J per unit of work on real hardware", device::capabilities()},
      {"lm", "the built-in language models", lm::capabilities()},
      {"serve", "the OpenAI-compatible gateway", serve::capabilities()},
      {"study", "statistics of comparisons", study::capabilities()},
      {"meter", "the watts of this machine and of commands", meter::capabilities()},
      {"ledger", "the account: carbon, water, reports", ledger::capabilities()},
      {"program", "about this program", capabilities()},
  };
  return all;
}

std::vector<Claim> claims() {
  std::vector<Claim> all;
  for (auto& c : ledger::claims()) all.push_back(std::move(c));
  return all;
}

const Capability* find_capability(std::string_view room, std::string_view name) {
  for (const auto& r : rooms())
    if (r.name == room)
      for (const auto& c : r.capabilities)
        if (c.name == name) return &c;
  return nullptr;
}

const Capability* find_alias(std::string_view verb) {
  for (const auto& r : rooms())
    for (const auto& c : r.capabilities)
      for (const auto& alias : c.aliases)
        if (alias == verb) return &c;
  return nullptr;
}

}  // namespace wattline::app
