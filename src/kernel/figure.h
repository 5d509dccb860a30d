// A drawing as data: drawn as terminal text, SVG, or page JSON by one renderer each.
#pragma once

#include <string>
#include <vector>

#include "kernel/json.h"

namespace wattline {

struct Figure {
  enum class Kind { line, bar, scatter, sankey, heat };

  struct Axis {
    std::string label, unit;
    bool log = false;
    bool time = false;  // values are seconds since 1970
  };
  struct Trace {
    std::string name;
    std::vector<double> x, y;
    std::vector<double> low, high;  // error bars, empty or as long as y
  };
  struct Link {  // Sankey: from -> to carries `value`
    std::string from, to;
    double value = 0;
  };

  Kind kind = Kind::line;
  std::string title, caption;
  Axis x, y;
  std::vector<Trace> traces;  // line, scatter; bar: x are category indices
  std::vector<std::string> categories;  // bar, and heat columns
  std::vector<std::string> row_labels;  // heat rows
  std::vector<std::vector<double>> cells;  // heat [row][column]
  std::vector<Link> links;  // sankey
  std::string value_unit;  // sankey and heat
};

std::string to_text(const Figure&, int width = 78, int height = 16, bool unicode = true);
std::string to_svg(const Figure&, int width = 760, int height = 420);
void write_json(JsonWriter&, const Figure&);

}  // namespace wattline
