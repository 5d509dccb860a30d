// Searching rooms: apart from the list of all rooms, so that a program with its own links no others.
#include <algorithm>
#include <mutex>

#include "app/rooms.h"

namespace wattline::app {

struct Declarations::State {
  std::once_flag once;
  std::vector<Capability> (*make)() = nullptr;
  std::vector<std::string_view> verbs;
  std::vector<Capability> made;
};

Declarations::Declarations(std::vector<Capability> made) : state_(std::make_shared<State>()) {
  state_->made = std::move(made);
  for (const auto& c : state_->made)
    for (const std::string_view alias : c.aliases) state_->verbs.push_back(alias.substr(0, alias.find(' ')));
}

Declarations::Declarations(std::vector<Capability> (*make)(), std::vector<std::string_view> verbs)
    : state_(std::make_shared<State>()) {
  state_->make = make;
  state_->verbs = std::move(verbs);
}

const std::vector<Capability>& Declarations::list() const {
  if (state_->make) std::call_once(state_->once, [this] { state_->made = state_->make(); });
  return state_->made;
}

const std::vector<std::string_view>& Declarations::verbs() const { return state_->verbs; }

const Capability* Declarations::find(std::string_view name) const {
  for (const auto& c : list())
    if (c.name == name) return &c;
  return nullptr;
}

const Capability* Declarations::find_alias(std::string_view verb) const {
  const auto& ours = state_->verbs;
  if (std::find(ours.begin(), ours.end(), verb.substr(0, verb.find(' '))) == ours.end()) return nullptr;
  for (const auto& c : list())
    for (const auto& alias : c.aliases)
      if (alias == verb) return &c;
  return nullptr;
}

const Capability* find_capability(const Rooms& rooms, std::string_view room, std::string_view name) {
  for (const auto& r : rooms)
    if (r.name == room)
      if (const Capability* c = r.capabilities.find(name)) return c;
  return nullptr;
}

const Capability* find_alias(const Rooms& rooms, std::string_view verb) {
  for (const auto& r : rooms)
    if (const Capability* c = r.capabilities.find_alias(verb)) return c;
  return nullptr;
}

bool is_room(const Rooms& rooms, std::string_view name) {
  return std::any_of(rooms.begin(), rooms.end(), [&](const Room& r) { return r.name == name; });
}

}  // namespace wattline::app
