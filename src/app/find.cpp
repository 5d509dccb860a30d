// Searching rooms: apart from the list of all rooms, so that a program with its own links no others.
#include <algorithm>

#include "app/rooms.h"

namespace wattline::app {

const Capability* find_capability(const Rooms& rooms, std::string_view room, std::string_view name) {
  for (const auto& r : rooms)
    if (r.name == room)
      for (const auto& c : r.capabilities)
        if (c.name == name) return &c;
  return nullptr;
}

const Capability* find_alias(const Rooms& rooms, std::string_view verb) {
  for (const auto& r : rooms)
    for (const auto& c : r.capabilities)
      for (const auto& alias : c.aliases)
        if (alias == verb) return &c;
  return nullptr;
}

bool is_room(const Rooms& rooms, std::string_view name) {
  return std::any_of(rooms.begin(), rooms.end(), [&](const Room& r) { return r.name == name; });
}

}  // namespace wattline::app
