// The rooms of the house, joined: their capabilities in the order of the line, and their claims.
#pragma once

#include <string_view>
#include <vector>

#include "kernel/capability.h"
#include "kernel/claim.h"

namespace wattline::app {

struct Room {
  std::string name;
  std::string summary;
  std::vector<Capability> capabilities;
};

using Rooms = std::vector<Room>;

// In the order of the line, from the grid to the ledger. Made once. A program with other rooms
// (wattline-learn) hands its own to the command line.
const Rooms& rooms();
std::vector<Claim> claims();

// By "room name", or by a top-level verb ("run"); nullptr when there is none.
const Capability* find_capability(const Rooms&, std::string_view room, std::string_view name);
const Capability* find_alias(const Rooms&, std::string_view verb);
bool is_room(const Rooms&, std::string_view name);

}  // namespace wattline::app
