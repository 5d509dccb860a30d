#include "kernel/figure_text.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "kernel/figure_scale.h"

namespace wattline {
namespace figures {
namespace {

constexpr std::string_view unicode_marks[] = {"●", "○", "■", "□", "▲", "△", "◆", "◇"};
constexpr std::string_view ascii_marks[] = {"*", "o", "#", "+", "x", "@", "%", "&"};
std::string_view mark_of(std::size_t trace, bool unicode) {
  return unicode ? unicode_marks[trace % 8] : ascii_marks[trace % 8];
}

class Canvas {
 public:
  Canvas(std::size_t width, std::size_t height)
      : width_(width), height_(height), cells_(width * height, " "), dots_(width * height, 0) {}

  void put(std::ptrdiff_t x, std::ptrdiff_t y, std::string_view mark) {
    if (inside(x, y, 1, 1)) cells_[index(x, y)] = mark;
  }
  void put_behind(std::ptrdiff_t x, std::ptrdiff_t y, std::string_view mark) {
    if (inside(x, y, 1, 1) && cells_[index(x, y)] == " ") cells_[index(x, y)] = mark;
  }
  // A dot on the Braille grid: 2 by 4 dots a cell.
  void dot(std::ptrdiff_t x, std::ptrdiff_t y) {
    static constexpr unsigned bits[4][2] = {{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}};
    if (inside(x, y, 2, 4)) dots_[index(x / 2, y / 4)] |= bits[y % 4][x % 2];
  }
  std::string row(std::size_t y) const {
    std::string out;
    for (std::size_t x = 0; x < width_; ++x) {
      const unsigned dots = dots_[y * width_ + x];
      if (dots == 0) {
        out += cells_[y * width_ + x];
        continue;
      }
      out += {'\xE2', static_cast<char>(0xA0 | (dots >> 6)), static_cast<char>(0x80 | (dots & 0x3F))};  // U+2800 + dots
    }
    while (out.ends_with(' ')) out.pop_back();
    return out;
  }

 private:
  bool inside(std::ptrdiff_t x, std::ptrdiff_t y, std::ptrdiff_t sx, std::ptrdiff_t sy) const {
    return x >= 0 && y >= 0 && x < static_cast<std::ptrdiff_t>(width_) * sx &&
           y < static_cast<std::ptrdiff_t>(height_) * sy;
  }
  std::size_t index(std::ptrdiff_t x, std::ptrdiff_t y) const {
    return static_cast<std::size_t>(y) * width_ + static_cast<std::size_t>(x);
  }
  std::size_t width_, height_;
  std::vector<std::string> cells_;
  std::vector<unsigned> dots_;
};

// Every grid point on the straight line between two (Bresenham).
void along(std::ptrdiff_t x0, std::ptrdiff_t y0, std::ptrdiff_t x1, std::ptrdiff_t y1,
           const std::function<void(std::ptrdiff_t, std::ptrdiff_t)>& visit) {
  const std::ptrdiff_t dx = std::abs(x1 - x0), dy = -std::abs(y1 - y0);
  const std::ptrdiff_t sx = x0 < x1 ? 1 : -1, sy = y0 < y1 ? 1 : -1;
  for (std::ptrdiff_t error = dx + dy;;) {
    visit(x0, y0);
    if (x0 == x1 && y0 == y1) return;
    const std::ptrdiff_t twice = 2 * error;
    if (twice >= dy) {
      error += dy;
      x0 += sx;
    }
    if (twice <= dx) {
      error += dx;
      y0 += sy;
    }
  }
}

// Where a value lies on a grid of `cells`; -1 for what has no place.
std::ptrdiff_t cell_of(double place, std::size_t cells) {
  if (!(place >= -1e-9 && place <= 1 + 1e-9)) return -1;
  return static_cast<std::ptrdiff_t>(std::lround(place * static_cast<double>(cells - 1)));
}

void draw_trace(Canvas& canvas, const Figure& f, std::size_t k, const Scale& xs, const Scale& ys, std::size_t width,
                std::size_t height, bool unicode) {
  const Figure::Trace& t = f.traces[k];
  const bool line = f.kind == Figure::Kind::line, fine = unicode && line && f.traces.size() == 1;
  const std::size_t sx = fine ? 2 : 1, sy = fine ? 4 : 1;
  const std::vector<std::size_t> drawn = f.kind == Figure::Kind::line ? thinned(t, 2 * width) : thinned(t, 20'000);
  std::ptrdiff_t last_x = -1, last_y = -1;
  for (const std::size_t i : drawn) {
    const std::ptrdiff_t x = cell_of(xs.place(t.x[i]), width * sx),
                         from_bottom = cell_of(ys.place(t.y[i]), height * sy);
    if (x < 0 || from_bottom < 0) {
      last_x = -1;
      continue;
    }
    const std::ptrdiff_t y = static_cast<std::ptrdiff_t>(height * sy) - 1 - from_bottom;
    const auto put = [&](std::ptrdiff_t px, std::ptrdiff_t py) {
      if (fine) canvas.dot(px, py);
      else canvas.put(px, py, mark_of(k, unicode));
    };
    if (line && last_x >= 0) along(last_x, last_y, x, y, put);
    else put(x, y);
    last_x = x;
    last_y = y;
  }
  const bool dense = drawn.size() > width / 2;
  if (t.low.size() < t.y.size() || t.high.size() < t.y.size()) return;
  for (const std::size_t i : drawn) {
    const std::ptrdiff_t x = cell_of(xs.place(t.x[i]), width);
    const std::ptrdiff_t low = cell_of(ys.place(t.low[i]), height), high = cell_of(ys.place(t.high[i]), height);
    if (x < 0 || low < 0 || high < 0) continue;
    for (std::ptrdiff_t v = low; v <= high; ++v)
      canvas.put_behind(x, static_cast<std::ptrdiff_t>(height) - 1 - v,
                        dense ? (unicode ? "░" : ".") : (unicode ? "│" : "|"));
  }
}

}  // namespace

std::string xy_text(const Figure& f, const TextFrame& frame) {
  const Extent ex = extent_x(f), ey = extent_y(f);
  if (ex.empty() || ey.empty()) return "  (no points to draw)\n";
  const Scale ys = make_scale(f.y, ey, false, static_cast<int>(std::max<std::size_t>(2, frame.height / 3)));
  std::size_t left = 0;
  for (const auto& t : ys.ticks) left = std::max(left, text_width(t.text));
  const std::size_t width = std::max<std::size_t>(10, frame.width > left + 4 ? frame.width - left - 4 : 10);
  const std::size_t height = std::max<std::size_t>(3, frame.height);
  const Scale xs = make_scale(f.x, ex, false, static_cast<int>(std::max<std::size_t>(2, width / 12)));

  Canvas canvas(width, height);
  for (std::size_t k = 0; k < f.traces.size(); ++k) draw_trace(canvas, f, k, xs, ys, width, height, frame.unicode);

  std::string out;
  if (const std::string title = one_line(axis_title(f.y), frame.unicode); !title.empty())
    out += "  " + shortened(title, frame.width - 2, frame.unicode) + "\n";
  std::vector<std::string> labels(height);
  for (const auto& t : ys.ticks)
    if (const std::ptrdiff_t at = cell_of(ys.place(t.at), height); at >= 0)
      labels[height - 1 - static_cast<std::size_t>(at)] = t.text;
  for (std::size_t y = 0; y < height; ++y) {
    const bool tick = !labels[y].empty();
    out +=
        "  " + padded(labels[y], left, true) + (tick ? (frame.unicode ? " ┤" : " +") : (frame.unicode ? " │" : " |"));
    out += canvas.row(y) + "\n";
  }
  std::vector<std::string> axis(width, frame.unicode ? "─" : "-");
  std::string below(width + left + 4, ' ');
  std::size_t free_from = 0;
  for (const auto& t : xs.ticks) {
    const std::ptrdiff_t at = cell_of(xs.place(t.at), width);
    if (at < 0) continue;
    axis[static_cast<std::size_t>(at)] = frame.unicode ? "┬" : "+";
    const std::size_t middle = left + 4 + static_cast<std::size_t>(at), size = t.text.size();
    std::size_t begin = middle > size / 2 ? middle - size / 2 : 0;
    if (begin + size > below.size()) begin = below.size() > size ? below.size() - size : 0;
    if (begin < free_from || begin + size > below.size()) continue;
    below.replace(begin, size, t.text);
    free_from = begin + size + 1;
  }
  out += "  " + std::string(left, ' ') + (frame.unicode ? " └" : " +");
  for (const auto& a : axis) out += a;
  while (below.ends_with(' ')) below.pop_back();
  out += "\n" + below + "\n";
  if (const std::string title = one_line(axis_title(f.x), frame.unicode); !title.empty())
    out += std::string(left + 4, ' ') + shortened(title, width, frame.unicode) + "\n";
  if (f.traces.size() > 1) {
    std::string line = " ";
    for (std::size_t k = 0; k < f.traces.size(); ++k) {
      const std::string entry = " " + std::string(mark_of(k, frame.unicode)) + " " +
                                shortened(one_line(trace_name(f, k), frame.unicode), frame.width - 6, frame.unicode) +
                                " ";
      if (text_width(line) + text_width(entry) > frame.width && line != " ") {
        out += line + "\n";
        line = " ";
      }
      line += entry;
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  return out;
}

}  // namespace figures

std::string to_text(const Figure& f, int width, int height, bool unicode) {
  const figures::TextFrame frame{static_cast<std::size_t>(std::clamp(width, 30, 1000)),
                                 static_cast<std::size_t>(std::clamp(height, 4, 200)), unicode};
  std::string out;
  const auto line = [&](const std::string& text) {
    if (!text.empty()) out += "  " + figures::one_line(text, unicode) + "\n";
  };
  line(f.title);
  switch (f.kind) {
    case Figure::Kind::line:
    case Figure::Kind::scatter: out += figures::xy_text(f, frame); break;
    case Figure::Kind::bar: out += figures::bar_text(f, frame); break;
    case Figure::Kind::heat: out += figures::heat_text(f, frame); break;
    case Figure::Kind::sankey: out += figures::sankey_text(f, frame); break;
  }
  line(f.caption);
  return out;
}

}  // namespace wattline
