// The line from grid to token of the last answers: where their energy and carbon went.
//
// grid -> overhead (the site's PUE above 1) and devices; device -> model; model -> prefill, decode,
// waste (answers that failed or were left); prefill and decode -> answered. Joules at each link are
// drawn at the meter of the site for the first step and at the device after it; what flows into a
// node flows out of it.
#pragma once

#include <string>
#include <vector>

#include "serve/answers.h"
#include "serve/footprint.h"

namespace wattline::serve {

struct LineLink {
  std::string from, to;
  double energy_j = 0, carbon_g = 0;
};

struct Line {
  Time since;
  std::size_t answers = 0;
  std::int64_t tokens_in = 0, tokens_out = 0;
  Measure energy, carbon, water;  // J, gCO2e, mL; energy at the device
  std::vector<LineLink> links;
};

// `footprint_of` gives the grid of an upstream's answers.
Line draw_line(const std::vector<AnswerPtr>& answers, const std::function<const Footprint&(const Basis&)>& footprint_of,
               Time started);

// The JSON of /api/v1/line; `home` is the gateway's own grid.
std::string to_json(const Line&, const catalog::Grid& home, std::string_view place_name);

}  // namespace wattline::serve
