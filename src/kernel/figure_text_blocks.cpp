// Bars, heat maps and flows as terminal text: what reads better as lines than as a raster.
#include <algorithm>
#include <cmath>

#include "kernel/figure_scale.h"
#include "kernel/figure_text.h"
#include "kernel/units.h"

namespace wattline::figures {
namespace {

constexpr std::string_view unicode_fills[] = {"█", "▓", "▒", "░"};
constexpr std::string_view ascii_fills[] = {"#", "=", "-", "."};

std::string repeated(std::string_view what, std::size_t times) {
  std::string out;
  for (std::size_t i = 0; i < times; ++i) out += what;
  return out;
}

std::string with_unit(double v, const std::string& unit, bool unicode, int digits = 4) {
  const std::string u = one_line(unit, unicode);
  return format_number(v, digits) + (u.empty() ? "" : " " + u);
}

}  // namespace

std::string bar_of(double length, bool unicode, std::size_t fill) {
  if (!(length > 0)) return "";
  const std::string_view full = unicode ? unicode_fills[fill % 4] : ascii_fills[fill % 4];
  if (!unicode || fill % 4 != 0)
    return repeated(full, std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(length))));
  static constexpr std::string_view eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto parts = std::max<std::size_t>(1, static_cast<std::size_t>(std::lround(length * 8)));
  return repeated(full, parts / 8) + std::string(eighths[parts % 8]);
}

std::string bar_text(const Figure& f, const TextFrame& frame) {
  struct Row {
    std::string label, number;
    double value = 0;
    std::size_t trace = 0;
    bool first_of_category = false;
  };
  std::vector<Row> rows;
  std::size_t categories = f.categories.size();
  for (const auto& t : f.traces)
    for (const double x : t.x)
      if (x >= 0 && x < 100'000) categories = std::max(categories, static_cast<std::size_t>(x) + 1);
  const Extent e = extent_y(f);
  if (e.empty()) return "  (no bars to draw)\n";
  for (std::size_t c = 0; c < categories; ++c) {
    bool first = true;
    for (std::size_t k = 0; k < f.traces.size(); ++k) {
      const auto& t = f.traces[k];
      for (std::size_t i = 0; i < std::min(t.x.size(), t.y.size()); ++i) {
        if (t.x[i] != static_cast<double>(c)) continue;
        Row r{first ? (c < f.categories.size() ? f.categories[c] : std::to_string(c)) : "", "", t.y[i], k, first};
        r.number = with_unit(t.y[i], f.y.unit, frame.unicode);
        if (i < t.low.size() && i < t.high.size() && std::isfinite(t.low[i]) && std::isfinite(t.high[i]))
          r.number +=
              " [" + format_number(t.low[i], 3) + (frame.unicode ? " … " : " .. ") + format_number(t.high[i], 3) + "]";
        r.label = one_line(r.label, frame.unicode);
        rows.push_back(std::move(r));
        first = false;
      }
    }
  }
  std::size_t label_width = 0, number_width = 0;
  for (const auto& r : rows) {
    label_width = std::max(label_width, text_width(r.label));
    number_width = std::max(number_width, text_width(r.number));
  }
  label_width = std::min(label_width, frame.width / 3);
  const std::size_t taken = label_width + number_width + 7;
  const std::size_t width = frame.width > taken + 8 ? frame.width - taken : 8;
  const Scale scale = make_scale(f.y, e, true, 5);
  // To the greatest value, not to the last tick: there is no axis to line up with.
  const double low = scale.log ? scale.low : std::min(0.0, e.low()), high = std::max(e.high(), low);
  const auto place = [&](double v) {
    const double at =
        scale.log ? (std::log(v) - std::log(low)) / (std::log(high) - std::log(low)) : (v - low) / (high - low);
    return std::isfinite(at) ? std::clamp(at, 0.0, 1.0) * static_cast<double>(width) : 0.0;
  };
  const double zero = scale.log ? 0 : place(0);
  std::string out;
  if (const std::string title = one_line(axis_title(f.y), frame.unicode); !title.empty() && !f.y.label.empty())
    out += "  " + title + (f.y.log ? ", logarithmic" : "") + "\n";
  for (const auto& r : rows) {
    const double at = place(r.value);
    const double begin = std::min(at, zero), length = std::isfinite(r.value) ? std::abs(at - zero) : 0;
    const auto skipped = static_cast<std::size_t>(std::lround(begin));
    // A bar leftwards has no eighths: they grow from the left.
    const std::string bar = r.value < 0
                                ? repeated(frame.unicode ? unicode_fills[r.trace % 4] : ascii_fills[r.trace % 4],
                                           static_cast<std::size_t>(std::lround(length)))
                                : bar_of(length, frame.unicode, f.traces.size() > 1 ? r.trace : 0);
    std::string line = "  " + padded(shortened(r.label, label_width, frame.unicode), label_width) +
                       (frame.unicode ? " │" : " |") + std::string(skipped, ' ') + bar;
    line = padded(line, label_width + 4 + static_cast<std::size_t>(std::ceil(zero))) + " " + r.number;
    out += line + "\n";
  }
  if (f.traces.size() > 1) {
    std::string legend = " ";
    for (std::size_t k = 0; k < f.traces.size(); ++k)
      legend += " " + std::string(frame.unicode ? unicode_fills[k % 4] : ascii_fills[k % 4]) + " " +
                one_line(trace_name(f, k), frame.unicode) + " ";
    while (legend.ends_with(' ')) legend.pop_back();
    out += legend + "\n";
  }
  return out;
}

std::string heat_text(const Figure& f, const TextFrame& frame) {
  static constexpr std::string_view unicode_shades[] = {"·", "░", "▒", "▓", "█"};
  static constexpr std::string_view ascii_shades[] = {".", ":", "+", "*", "#"};
  const auto* shades = frame.unicode ? unicode_shades : ascii_shades;
  Extent e;
  std::size_t columns = f.categories.size();
  for (const auto& row : f.cells) {
    e.add(row);
    columns = std::max(columns, row.size());
  }
  if (e.empty() || columns == 0) return "  (no cells to draw)\n";
  const auto shade = [&](double v) {
    const double at = e.high() > e.low() ? (v - e.low()) / (e.high() - e.low()) : 0.5;
    return shades[static_cast<std::size_t>(std::clamp(at * 5, 0.0, 4.0))];
  };
  const auto label_of = [&](std::size_t r) {
    return r < f.row_labels.size() ? one_line(f.row_labels[r], frame.unicode) : std::to_string(r + 1);
  };
  const auto name_of = [&](std::size_t c) {
    return c < f.categories.size() ? one_line(f.categories[c], frame.unicode) : std::to_string(c + 1);
  };
  std::size_t label_width = 0, number_width = 0, name_width = 0;
  for (std::size_t r = 0; r < f.cells.size(); ++r) {
    label_width = std::max(label_width, text_width(label_of(r)));
    for (const double v : f.cells[r]) number_width = std::max(number_width, text_width(format_number(v, 3)));
  }
  for (std::size_t c = 0; c < columns; ++c) name_width = std::max(name_width, text_width(name_of(c)));
  label_width = std::min(label_width, frame.width / 3);
  const std::size_t room = (frame.width - 3 - label_width) / columns;
  const bool numbers = room >= number_width + 3;
  const std::size_t cell =
      numbers ? std::min(room, std::max(number_width + 3, name_width + 2)) : std::clamp<std::size_t>(room, 1, 3);
  std::string out;
  // Names where they fit; otherwise the columns are numbered by their last digit and told below.
  const bool named = numbers || cell > name_width;
  std::string head = "  " + std::string(label_width, ' ') + " ";
  for (std::size_t c = 0; c < columns; ++c)
    head +=
        padded(named ? shortened(name_of(c), cell - 1, frame.unicode) : std::to_string((c + 1) % 10), cell, numbers);
  while (head.ends_with(' ')) head.pop_back();
  out += head + "\n";
  for (std::size_t r = 0; r < f.cells.size(); ++r) {
    out += "  " + padded(shortened(label_of(r), label_width, frame.unicode), label_width) + " ";
    std::string line;
    for (std::size_t c = 0; c < columns; ++c) {
      const double v = c < f.cells[r].size() ? f.cells[r][c] : std::nan("");
      const bool known = std::isfinite(v);
      if (numbers)
        line += padded((known ? std::string(shade(v)) : " ") + " " + padded(format_number(v, 3), number_width, true),
                       cell, true);
      else line += padded(known ? repeated(shade(v), std::max<std::size_t>(1, cell - (cell > 1))) : "", cell);
    }
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  }
  if (!named) {
    std::string all;
    for (std::size_t c = 0; c < columns; ++c) all += (c ? ", " : "") + std::to_string(c + 1) + " " + name_of(c);
    out += "  columns: " + shortened(all, frame.width - 11, frame.unicode) + "\n";
  }
  out += "  " + with_unit(e.low(), f.value_unit, frame.unicode, 3) + " ";
  for (int k = 0; k < 5; ++k) out += shades[k];
  return out + " " + with_unit(e.high(), f.value_unit, frame.unicode, 3) + "\n";
}

std::string sankey_text(const Figure& f, const TextFrame& frame) {
  const Flows flows = drawable_flows(f);
  if (flows.bands.empty()) return "  (no flows to draw)\n";
  double greatest = 0;
  std::size_t name_width = 0;
  for (const auto& n : flows.nodes) greatest = std::max(greatest, n.value());
  for (const auto& b : flows.bands)
    name_width = std::max(name_width, text_width(one_line(flows.nodes[b.to].name, frame.unicode)));
  name_width = std::min(name_width, frame.width / 3);
  std::vector<std::size_t> order(flows.nodes.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return flows.nodes[a].layer < flows.nodes[b].layer; });
  std::string out;
  const std::size_t number_width = 26;
  const std::size_t width =
      frame.width > name_width + number_width + 10 ? frame.width - name_width - number_width - 8 : 6;
  for (const std::size_t i : order) {
    const auto& n = flows.nodes[i];
    if (n.out == 0) continue;
    out += "  " + shortened(one_line(n.name, frame.unicode), frame.width - 24, frame.unicode) + "  " +
           with_unit(n.value(), f.value_unit, frame.unicode) + "\n";
    std::size_t left = 0;
    for (const auto& b : flows.bands) left += b.from == i;
    for (const auto& b : flows.bands) {
      if (b.from != i) continue;
      --left;
      const std::string bar = bar_of(static_cast<double>(width) * (b.value / greatest), frame.unicode);
      out += std::string("  ") + (frame.unicode ? (left ? "├─► " : "└─► ") : (left ? "|-> " : "`-> ")) +
             padded(shortened(one_line(flows.nodes[b.to].name, frame.unicode), name_width, frame.unicode), name_width) +
             " " + bar + " " + with_unit(b.value, f.value_unit, frame.unicode) + " (" +
             format_number(100 * b.value / n.out, 3) + " %)\n";
    }
  }
  return out;
}

}  // namespace wattline::figures
