// The rooms of the house, joined: their capabilities in the order of the line, and their claims.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "kernel/capability.h"
#include "kernel/claim.h"

namespace wattline::app {

// A room's capabilities, made when somebody first asks for them, on any thread: a command needs those of its own room,
// and to make those of all at each start of the program would cost more than many commands.
class Declarations {
 public:
  Declarations(std::vector<Capability> made);
  // `verbs`: the first words of the aliases of what `make` makes, all of them.
  Declarations(std::vector<Capability> (*make)(), std::vector<std::string_view> verbs);

  std::vector<Capability>::const_iterator begin() const { return list().begin(); }
  std::vector<Capability>::const_iterator end() const { return list().end(); }
  // nullptr when there is none.
  const Capability* find(std::string_view name) const;
  const Capability* find_alias(std::string_view verb) const;
  const std::vector<std::string_view>& verbs() const;

 private:
  struct State;
  const std::vector<Capability>& list() const;
  std::shared_ptr<State> state_;
};

struct Room {
  std::string name;
  std::string summary;
  Declarations capabilities;
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
