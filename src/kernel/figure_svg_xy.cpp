// Line, scatter and bar as SVG.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/figure_svg.h"
#include "kernel/units.h"

namespace wattline::figures {
namespace {

constexpr std::string_view dashes[colours] = {"", "7 3", "2 3", "9 3 2 3", "12 4", "5 2 1 2"};

// Shapes differ as well as colours: not everyone sees the latter.
std::string marker(double x, double y, std::size_t trace) {
  const auto at = [](double v) { return number(v); };
  switch (trace % 4) {
    case 1:
      return fmt::format("<rect class=\"fill\" x=\"{}\" y=\"{}\" width=\"6\" height=\"6\"/>", at(x - 3), at(y - 3));
    case 2: return fmt::format("<path class=\"fill\" d=\"M{},{}l4,7h-8z\"/>", at(x), at(y - 4));
    case 3: return fmt::format("<path class=\"fill\" d=\"M{},{}l4,4l-4,4l-4,-4z\"/>", at(x), at(y - 4));
    default: return fmt::format("<circle class=\"fill\" cx=\"{}\" cy=\"{}\" r=\"3\"/>", at(x), at(y));
  }
}

struct Plot {
  const Figure& f;
  double left = 0, top = 0, width = 0, height = 0;
  Scale xs, ys;
  std::size_t groups = 0;  // bar categories

  double px(double v) const { return left + xs.place(v) * width; }
  double py(double v) const { return top + (1 - ys.place(v)) * height; }
  double band() const { return width / static_cast<double>(std::max<std::size_t>(1, groups)); }
  double bar_width() const { return std::min(60.0, band() * 0.72 / static_cast<double>(f.traces.size())); }
  double bar_middle(double category, std::size_t trace) const {
    return left + (category + 0.5) * band() +
           (static_cast<double>(trace) - (static_cast<double>(f.traces.size()) - 1) / 2) * bar_width();
  }
};

std::string line_path(const Plot& p, const Figure::Trace& t, const std::vector<std::size_t>& drawn) {
  std::string d;
  bool pen = false;
  for (const std::size_t i : drawn) {
    const double x = p.px(t.x[i]), y = p.py(t.y[i]);
    if (!std::isfinite(x) || !std::isfinite(y)) {
      pen = false;
      continue;
    }
    d += fmt::format("{}{},{}", pen ? 'L' : 'M', number(x), number(y));
    pen = true;
  }
  return d;
}

bool has_range(const Figure::Trace& t) {
  return !t.y.empty() && t.low.size() >= t.y.size() && t.high.size() >= t.y.size();
}

std::string band_path(const Plot& p, const Figure::Trace& t, const std::vector<std::size_t>& drawn) {
  std::string there, back;
  for (const std::size_t i : drawn) {
    const double x = p.px(t.x[i]), low = p.py(t.low[i]), high = p.py(t.high[i]);
    if (!std::isfinite(x) || !std::isfinite(low) || !std::isfinite(high)) continue;
    there += fmt::format("{}{},{}", there.empty() ? 'M' : 'L', number(x), number(high));
    back = fmt::format("L{},{}", number(x), number(low)) + back;
  }
  return there.empty() ? "" : there + back + "Z";
}

std::string error_bar(double x, double low, double high) {
  if (!std::isfinite(x) || !std::isfinite(low) || !std::isfinite(high)) return "";
  return fmt::format("<path class=\"err\" d=\"M{0},{1}V{2}M{3},{1}h8M{3},{2}h8\"/>", number(x), number(low),
                     number(high), number(x - 4));
}

std::string trace_svg(const Plot& p, std::size_t k) {
  const Figure& f = p.f;
  const Figure::Trace& t = f.traces[k];
  const bool line = f.kind == Figure::Kind::line, bar = f.kind == Figure::Kind::bar;
  const std::vector<std::size_t> drawn = thinned(t, line ? static_cast<std::size_t>(std::max(200.0, p.width)) : 5'000);
  std::string out = fmt::format("<g class=\"c{}\">", k % colours);
  if (line && has_range(t) && drawn.size() > 1)
    if (const std::string d = band_path(p, t, drawn); !d.empty())
      out += fmt::format("<path class=\"band\" d=\"{}\"/>", d);
  if (line) {
    const std::string_view dash = dashes[k % colours];
    if (const std::string d = line_path(p, t, drawn); !d.empty())
      out += fmt::format("<path class=\"line\"{} d=\"{}\"/>",
                         dash.empty() ? "" : fmt::format(" stroke-dasharray=\"{}\"", dash), d);
  }
  const double floor = p.ys.log ? p.py(p.ys.low) : p.py(std::clamp(0.0, p.ys.low, p.ys.high));
  for (const std::size_t i : drawn) {
    const double x = bar ? p.bar_middle(t.x[i], k) : p.px(t.x[i]), y = p.py(t.y[i]);
    if (!std::isfinite(x) || !std::isfinite(y)) continue;
    if (bar)
      out += fmt::format("<rect class=\"fill\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>",
                         number(x - p.bar_width() / 2 + 0.5), number(std::min(y, floor)),
                         number(std::max(1.0, p.bar_width() - 1)), number(std::max(1.0, std::abs(floor - y))));
    else if (!line || drawn.size() <= 40) out += marker(x, y, k);
    if (!line && has_range(t)) out += error_bar(x, p.py(t.low[i]), p.py(t.high[i]));
  }
  return out + "</g>";
}

std::string legend_svg(const Figure& f, double left, double right, double y) {
  std::string out;
  double x = left;
  for (std::size_t k = 0; k < f.traces.size(); ++k) {
    const std::string name = shortened(one_line(trace_name(f, k)), 40);
    const double size = 34 + label_pixels(name) + 14;
    if (x + size > right && x > left) {
      x = left;
      y += 17;
    }
    out += fmt::format("<g class=\"c{}\">", k % colours);
    if (f.kind == Figure::Kind::line)
      out += fmt::format("<path class=\"line\" stroke-dasharray=\"{}\" d=\"M{},{}h26\"/>",
                         dashes[k % colours].empty() ? "none" : dashes[k % colours], number(x), number(y - 4));
    out += f.kind == Figure::Kind::bar
               ? fmt::format("<rect class=\"fill\" x=\"{}\" y=\"{}\" width=\"14\" height=\"11\"/>", number(x + 6),
                             number(y - 9))
               : marker(x + 13, y - 4, k);
    out += "</g>" + svg_text(x + 32, y, name, "k");
    x += size;
  }
  return out;
}

// Lines that the legend takes.
int legend_lines(const Figure& f, double room) {
  if (f.traces.size() < 2) return 0;
  int lines = 1;
  double x = 0;
  for (std::size_t k = 0; k < f.traces.size(); ++k) {
    const double size = 48 + label_pixels(shortened(one_line(trace_name(f, k)), 40));
    if (x + size > room && x > 0) {
      x = 0;
      ++lines;
    }
    x += size;
  }
  return lines;
}

}  // namespace

std::string xy_svg(const Figure& f, const SvgFrame& frame) {
  const bool bar = f.kind == Figure::Kind::bar;
  const Extent ex = extent_x(f), ey = extent_y(f);
  if (f.traces.empty() || ey.empty() || (!bar && ex.empty()))
    return svg_text(frame.width / 2, frame.height / 2, "no points to draw", "m");
  Plot p{f};
  p.ys = make_scale(f.y, ey, bar, static_cast<int>(std::clamp(frame.height / 70, 2.0, 12.0)));
  double widest = 0;
  for (const auto& t : p.ys.ticks) widest = std::max(widest, label_pixels(t.text));
  p.left = 16 + widest + (axis_title(f.y).empty() ? 0 : 18);
  p.top = f.title.empty() ? 12 : 34;
  p.width = std::max(40.0, frame.width - p.left - 18);
  const int lines = legend_lines(f, p.width);
  double longest = 0;
  if (bar) {
    p.groups = f.categories.size();
    for (const auto& t : f.traces)
      for (const double x : t.x)
        if (x >= 0 && x < 100'000) p.groups = std::max(p.groups, static_cast<std::size_t>(x) + 1);
    for (const auto& c : f.categories) longest = std::max(longest, label_pixels(shortened(one_line(c), 24)));
  } else {
    p.xs = make_scale(f.x, ex, false, static_cast<int>(std::clamp(p.width / 90, 2.0, 30.0)));
  }
  const bool tilted = bar && longest > p.band() - 6;
  const double below = (tilted ? 14 + 0.62 * longest : 22) + (axis_title(f.x).empty() ? 0 : 18) + 18.0 * lines;
  p.height = std::max(30.0, frame.height - p.top - below - 6);

  std::string out = "<g>";
  for (const auto& t : p.ys.ticks) {
    const double y = p.py(t.at);
    out += fmt::format("<path class=\"grid\" d=\"M{},{}h{}\"/>", number(p.left), number(y), number(p.width));
    out += svg_text(p.left - 7, y + 4, t.text, "e");
  }
  if (const std::string title = axis_title(f.y); !title.empty())
    out += svg_text(0, 0, title, "m",
                    fmt::format("transform=\"translate(14 {}) rotate(-90)\"", number(p.top + p.height / 2)));
  const double bottom = p.top + p.height;
  for (const auto& t : p.xs.ticks) {
    if (bar) break;
    const double x = p.px(t.at);
    out += fmt::format("<path class=\"axis\" d=\"M{},{}v5\"/>", number(x), number(bottom));
    const double half = label_pixels(t.text) / 2;
    out += svg_text(std::clamp(x, half + 2, frame.width - half - 2), bottom + 18, t.text, "m");
  }
  for (std::size_t c = 0; bar && c < f.categories.size(); ++c) {
    const double x = p.left + (static_cast<double>(c) + 0.5) * p.band();
    const std::string name = shortened(one_line(f.categories[c]), 24);
    out += tilted
               ? svg_text(0, 0, name, "e",
                          fmt::format("transform=\"translate({} {}) rotate(-38)\"", number(x + 4), number(bottom + 13)))
               : svg_text(x, bottom + 18, name, "m");
  }
  if (const std::string title = axis_title(f.x); !title.empty())
    out += svg_text(p.left + p.width / 2, bottom + below - 18.0 * lines - 1, title, "m");
  out += "</g>";
  for (std::size_t k = 0; k < f.traces.size(); ++k) out += trace_svg(p, k);
  const double floor = p.ys.log ? bottom : p.py(std::clamp(0.0, p.ys.low, p.ys.high));
  out += fmt::format("<path class=\"axis\" d=\"M{},{}h{}\"/>", number(p.left), number(floor), number(p.width));
  if (lines > 0) out += legend_svg(f, p.left, p.left + p.width, frame.height - 18.0 * (lines - 1) - 6);
  return out;
}

}  // namespace wattline::figures
