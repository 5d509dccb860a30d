// What the drawings of a Figure share: where a value lies on an axis and the round numbers beside it,
// labels made fit for a line, and flows made fit for drawing.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/figure.h"
#include "kernel/utf8.h"

namespace wattline::figures {

struct Tick {
  double at = 0;
  std::string text;
};
struct Scale {
  double low = 0, high = 1;
  bool log = false;
  std::vector<Tick> ticks;
  // 0..1 along the axis; NaN for what has no place (NaN, infinite, not positive on a log axis).
  double place(double value) const;
};

// The least and greatest finite value seen; positive ones only where `positive`.
class Extent {
 public:
  explicit Extent(bool positive = false) : positive_(positive) {}
  void add(double v);
  void add(const std::vector<double>& v);
  bool empty() const { return low_ > high_; }
  double low() const { return low_; }
  double high() const { return high_; }

 private:
  bool positive_;
  double low_ = 1, high_ = -1;
};

// Steps of 1, 2 or 5 times a power of ten (decades on a log axis, clock and calendar steps on a time
// axis), about `count` of them. `with_zero`: a linear axis begins at zero, as bars must.
Scale make_scale(const Figure::Axis&, const Extent&, bool with_zero, int count);
Extent extent_x(const Figure&);
Extent extent_y(const Figure&);  // error bars included

std::string axis_title(const Figure::Axis&);  // "energy (kWh)"
// Trace names, or "trace 2" where there is none.
std::string trace_name(const Figure&, std::size_t trace);

// One line: control characters become spaces; without Unicode also what is not ASCII is replaced.
std::string one_line(std::string_view text, bool unicode = true);
// At most `width` columns, the end marked when cut.
std::string shortened(std::string_view text, std::size_t width, bool unicode = true);
std::string padded(std::string_view text, std::size_t width, bool right = false);

// The points to draw when there are more than `buckets` can show: the lowest, the highest and a gap of
// each bucket, so that thinning loses no spike. Indices in order.
std::vector<std::size_t> thinned(const Figure::Trace&, std::size_t buckets);

// Flows that can be drawn: finite, positive, equal ends merged, none from a node to itself, and none
// that closes a circle.
struct Flows {
  struct Node {
    std::string name;
    std::size_t layer = 0;  // longest way from a source; nodes without outflow stand in the last layer
    double in = 0, out = 0;
    double value() const { return in > out ? in : out; }
  };
  struct Band {
    std::size_t from = 0, to = 0;
    double value = 0;
  };
  std::vector<Node> nodes;  // in order of first mention
  std::vector<Band> bands;
  std::size_t layers = 0;
};
Flows drawable_flows(const Figure&);

}  // namespace wattline::figures
