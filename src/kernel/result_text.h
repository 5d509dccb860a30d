// A result as the command line prints it.
#pragma once

#include <string>
#include <string_view>

#include "kernel/result.h"

namespace wattline {

struct TextForm {
  int width = 100;
  bool unicode = true;
  bool factors = true;  // false: one line says how many there are
};
// As to_text of result.h, which lists the factors.
std::string to_text(const Result&, const TextForm&);

// What file names, commands and other people's words hold must not steer a terminal: control characters but line ends
// become escapes ("\x1b"), and so do bytes that are no UTF-8.
std::string terminal_text(std::string_view);

}  // namespace wattline
