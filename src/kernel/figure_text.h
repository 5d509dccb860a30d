// The parts of to_text(Figure), one for each kind of drawing.
#pragma once

#include <string>

#include "kernel/figure.h"

namespace wattline::figures {

struct TextFrame {
  std::size_t width = 78, height = 16;
  bool unicode = true;
};
std::string xy_text(const Figure&, const TextFrame&);
std::string bar_text(const Figure&, const TextFrame&);
std::string heat_text(const Figure&, const TextFrame&);
std::string sankey_text(const Figure&, const TextFrame&);
// A bar of `length` columns in eighths of a column (Unicode) or whole ones.
std::string bar_of(double length, bool unicode, std::size_t fill = 0);

}  // namespace wattline::figures
