// Heat maps and flows as SVG.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "kernel/figure_svg.h"
#include "kernel/units.h"

namespace wattline::figures {
namespace {

std::string with_unit(double v, const std::string& unit, int digits = 4) {
  return format_number(v, digits) + (unit.empty() ? "" : " " + unit);
}

// Where each band begins and ends, top to bottom.
void stack_bands(const Flows& flows, double scale, const std::vector<double>& y, std::vector<double>& leave,
                 std::vector<double>& arrive) {
  std::vector<std::size_t> order(flows.bands.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::vector<double> next = y;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return y[flows.bands[a].to] < y[flows.bands[b].to]; });
  for (const std::size_t k : order) {
    leave[k] = next[flows.bands[k].from];
    next[flows.bands[k].from] += flows.bands[k].value * scale;
  }
  next = y;
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return y[flows.bands[a].from] < y[flows.bands[b].from]; });
  for (const std::size_t k : order) {
    arrive[k] = next[flows.bands[k].to];
    next[flows.bands[k].to] += flows.bands[k].value * scale;
  }
}

}  // namespace

std::string heat_svg(const Figure& f, const SvgFrame& frame) {
  Extent e;
  std::size_t columns = f.categories.size();
  for (const auto& row : f.cells) {
    e.add(row);
    columns = std::max(columns, row.size());
  }
  if (e.empty() || columns == 0) return svg_text(frame.width / 2, frame.height / 2, "no cells to draw", "m");
  const auto row_label = [&](std::size_t r) {
    return r < f.row_labels.size() ? shortened(one_line(f.row_labels[r]), 28) : std::to_string(r + 1);
  };
  const auto name_of = [&](std::size_t c) {
    return c < f.categories.size() ? shortened(one_line(f.categories[c]), 24) : std::to_string(c + 1);
  };
  double left = 0, longest = 0;
  for (std::size_t r = 0; r < f.cells.size(); ++r) left = std::max(left, label_pixels(row_label(r)));
  for (std::size_t c = 0; c < columns; ++c) longest = std::max(longest, label_pixels(name_of(c)));
  left = std::min(left, frame.width * 0.35) + 16 + (axis_title(f.y).empty() ? 0 : 18);
  const double top = f.title.empty() ? 10 : 34;
  const double cell_width = std::max(1.0, (frame.width - left - 12) / static_cast<double>(columns));
  const bool tilted = longest > cell_width - 4;
  const double below = (tilted ? 14 + 0.62 * longest : 22) + 28 + (axis_title(f.x).empty() ? 0 : 18);
  const double cell_height = std::max(1.0, (frame.height - top - below) / static_cast<double>(f.cells.size()));
  const auto strength = [&](double v) { return e.high() > e.low() ? (v - e.low()) / (e.high() - e.low()) : 0.5; };
  std::string out;
  for (std::size_t r = 0; r < f.cells.size(); ++r) {
    const double y = top + static_cast<double>(r) * cell_height;
    if (cell_height > 9) out += svg_text(left - 7, y + cell_height / 2 + 4, row_label(r), "e");
    for (std::size_t c = 0; c < std::min(columns, f.cells[r].size()); ++c) {
      const double v = f.cells[r][c], x = left + static_cast<double>(c) * cell_width;
      const bool known = std::isfinite(v);
      out += fmt::format(
          "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" "
          "fill-opacity=\"{}\"><title>{}</title></rect>",
          known ? "cell" : "none", number(x), number(y), number(std::max(0.5, cell_width - 1)),
          number(std::max(0.5, cell_height - 1)), number(known ? 0.06 + 0.94 * strength(v) : 1),
          xml(row_label(r) + ", " + name_of(c) + ": " + (known ? with_unit(v, f.value_unit) : "none")));
      if (known && cell_width > 44 && cell_height > 17)
        out += svg_text(x + cell_width / 2, y + cell_height / 2 + 4, format_number(v, 3),
                        strength(v) > 0.55 ? "m on" : "m k");
    }
  }
  const double bottom = top + cell_height * static_cast<double>(f.cells.size());
  const auto every = static_cast<std::size_t>(tilted ? std::max(1.0, std::ceil(15 / cell_width)) : 1);
  for (std::size_t c = 0; c < columns; c += every) {
    const double x = left + (static_cast<double>(c) + 0.5) * cell_width;
    out += tilted
               ? svg_text(0, 0, name_of(c), "e",
                          fmt::format("transform=\"translate({} {}) rotate(-38)\"", number(x + 4), number(bottom + 12)))
               : svg_text(x, bottom + 16, name_of(c), "m");
  }
  if (const std::string title = axis_title(f.x); !title.empty())
    out += svg_text(left + (frame.width - left - 12) / 2, bottom + below - 32, title, "m");
  if (const std::string title = axis_title(f.y); !title.empty())
    out += svg_text(0, 0, title, "m",
                    fmt::format("transform=\"translate(14 {}) rotate(-90)\"", number((top + bottom) / 2)));
  // The key: what pale and strong mean.
  const std::string low = with_unit(e.low(), f.value_unit, 3), high = with_unit(e.high(), f.value_unit, 3);
  const double y = frame.height - 8, begin = left + label_pixels(low) + 8;
  out += svg_text(left, y, low);
  for (int k = 0; k < 20; ++k)
    out += fmt::format("<rect class=\"cell\" x=\"{}\" y=\"{}\" width=\"6\" height=\"10\" fill-opacity=\"{}\"/>",
                       number(begin + 6 * k), number(y - 9), number(0.06 + 0.94 * k / 19));
  return out + svg_text(begin + 128, y, high);
}

std::string sankey_svg(const Figure& f, const SvgFrame& frame) {
  const Flows flows = drawable_flows(f);
  if (flows.bands.empty()) return svg_text(frame.width / 2, frame.height / 2, "no flows to draw", "m");
  std::vector<double> layer_value(flows.layers, 0);
  std::vector<std::size_t> layer_count(flows.layers, 0);
  for (const auto& n : flows.nodes) {
    layer_value[n.layer] += n.value();
    layer_count[n.layer] += n.value() > 0;
  }
  const double top = f.title.empty() ? 14 : 40, height = frame.height - top - 14, node_width = 12, edge = 12;
  double scale = 0;
  std::size_t most = 1;
  for (const std::size_t c : layer_count) most = std::max(most, c);
  const double gap = std::min(22.0, 0.5 * height / static_cast<double>(most));
  for (std::size_t l = 0; l < flows.layers; ++l) {
    const double room = height - gap * (static_cast<double>(layer_count[l]) - 1);
    if (layer_value[l] > 0) scale = scale == 0 ? room / layer_value[l] : std::min(scale, room / layer_value[l]);
  }
  double last_label = 0;
  const auto label = [&](std::size_t i) {
    return shortened(one_line(flows.nodes[i].name), 26) + "  " + with_unit(flows.nodes[i].value(), f.value_unit);
  };
  for (std::size_t i = 0; i < flows.nodes.size(); ++i)
    if (flows.nodes[i].layer + 1 == flows.layers) last_label = std::max(last_label, label_pixels(label(i)));
  const double across =
      std::max(40.0, frame.width - 2 * edge - node_width - std::min(last_label + 8, frame.width * 0.35));
  std::vector<double> x(flows.nodes.size()), y(flows.nodes.size()), next(flows.layers, top);
  const auto place = [&](std::size_t i, std::size_t l) {
    x[i] = edge + across * static_cast<double>(l) / static_cast<double>(std::max<std::size_t>(1, flows.layers - 1));
    y[i] = next[l];
    if (flows.nodes[i].value() > 0) next[l] += flows.nodes[i].value() * scale + gap;
  };
  // Layer by layer, nodes in the order of where their flows come from, so that few bands cross.
  std::vector<std::size_t> order(flows.nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto origin = [&](std::size_t i) {
    double sum = 0;
    for (const auto& b : flows.bands)
      if (b.to == i) sum += b.value / flows.nodes[i].in * (y[b.from] + flows.nodes[b.from].value() * scale / 2);
    return sum;
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return flows.nodes[a].layer < flows.nodes[b].layer; });
  for (std::size_t k = 0; k < order.size(); ++k) {
    const std::size_t l = flows.nodes[order[k]].layer;
    if (k == 0 || flows.nodes[order[k - 1]].layer != l) {
      const auto end = std::find_if(order.begin() + static_cast<std::ptrdiff_t>(k), order.end(),
                                    [&](std::size_t n) { return flows.nodes[n].layer != l; });
      std::vector<std::pair<double, std::size_t>> sorted;
      for (auto it = order.begin() + static_cast<std::ptrdiff_t>(k); it != end; ++it)
        sorted.push_back({origin(*it), *it});
      std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
      for (std::size_t m = 0; m < sorted.size(); ++m) order[k + m] = sorted[m].second;
    }
    place(order[k], l);
  }
  // Bands leave a node in the order of where they go, and arrive in the order of where they come from.
  std::vector<double> leave(flows.bands.size()), arrive(flows.bands.size());
  stack_bands(flows, scale, y, leave, arrive);
  std::string out;
  for (std::size_t k = 0; k < flows.bands.size(); ++k) {
    const auto& b = flows.bands[k];
    const double thick = b.value * scale, x0 = x[b.from] + node_width, x1 = x[b.to], mid = (x0 + x1) / 2;
    const double a = leave[k], c = arrive[k];
    out += fmt::format(
        "<path class=\"flow c{0}\" d=\"M{1},{2}C{3},{2} {3},{4} {5},{4}V{6}C{3},{6} {3},{7} "
        "{1},{7}Z\"><title>{8}</title></path>",
        b.from % colours, number(x0), number(a), number(mid), number(c), number(x1), number(c + thick),
        number(a + thick),
        xml(flows.nodes[b.from].name + " to " + flows.nodes[b.to].name + ": " + with_unit(b.value, f.value_unit)));
  }
  for (std::size_t i = 0; i < flows.nodes.size(); ++i) {
    const double size = flows.nodes[i].value() * scale;
    if (size <= 0) continue;
    out += fmt::format("<rect class=\"fill c{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"/>", i % colours,
                       number(x[i]), number(y[i]), number(node_width), number(std::max(1.0, size)));
    out += svg_text(x[i] + node_width + 5, y[i] + std::max(size / 2, 5.0) + 4, label(i), "k");
  }
  return out;
}

}  // namespace wattline::figures
