// Capabilities in tests, asked as on the command line.
#pragma once

#include <string>
#include <vector>

#include "kernel/capability.h"
#include "kernel/error.h"

namespace wattline::tests {

inline Result run_command(const Capability& c, const std::vector<std::string>& words, Context& context) {
  return c.run(options_from_arguments(c, words).get(), context);
}

// By its name among many; Error when there is none.
inline Result run_command(const std::vector<Capability>& all, const std::string& name,
                          const std::vector<std::string>& words, Context& context) {
  for (const auto& c : all)
    if (c.name == name) return run_command(c, words, context);
  throw Error(ErrorKind::not_found, "no capability " + name);
}

// What an Error of it says, "no error" without one.
template <class F>
std::string message_of(F&& ask) {
  try {
    ask();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

}  // namespace wattline::tests
