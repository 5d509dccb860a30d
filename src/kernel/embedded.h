// A data file carried inside the program (see cmake/embed.cmake).
#pragma once

#include <string_view>

namespace wattline::kernel {

struct EmbeddedFile {
  std::string_view name;  // relative path, e.g. "places.csv"
  std::string_view content;  // the bytes, valid for the whole run
};

}  // namespace wattline::kernel
