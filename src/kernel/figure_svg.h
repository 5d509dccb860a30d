// The parts of to_svg(Figure).
#pragma once

#include <string>
#include <string_view>

#include "kernel/figure.h"
#include "kernel/figure_scale.h"

namespace wattline::figures {

struct SvgFrame {
  double width = 760, height = 420;
  std::string id;  // prefix of ids, of its own for each figure of a page
};
std::string xml(std::string_view);  // escaped, on one line
std::string number(double);  // a coordinate: two digits, no exponent
inline constexpr std::size_t colours = 6;

std::string xy_svg(const Figure&, const SvgFrame&);  // line, scatter, bar
std::string heat_svg(const Figure&, const SvgFrame&);
std::string sankey_svg(const Figure&, const SvgFrame&);

// <text class=.. x=.. y=.. ...>
std::string svg_text(double x, double y, std::string_view text, std::string_view style = "t",
                     std::string_view more = {});
// Width of a text of the drawings' font, about.
double label_pixels(std::string_view);

}  // namespace wattline::figures
