// One figure as SVG that stands alone: own colours for light and dark, a title and a description for
// those who do not see it, nothing fetched from anywhere.
#include "kernel/figure_svg.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "kernel/utf8.h"

namespace wattline {
namespace figures {

std::string xml(std::string_view text) { return markup_escaped(one_line(text)); }

std::string number(double v) {
  if (!std::isfinite(v)) return "0";
  std::string out = fmt::format("{:.2f}", std::clamp(v, -1e6, 1e6));
  out.erase(out.find_last_not_of('0') + 1);
  if (out.ends_with('.')) out.pop_back();
  return out == "-0" ? "0" : out;
}

std::string svg_text(double x, double y, std::string_view text, std::string_view style, std::string_view more) {
  return fmt::format("<text class=\"{}\" x=\"{}\" y=\"{}\"{}{}>{}</text>", style, number(x), number(y),
                     more.empty() ? "" : " ", more, xml(text));
}

double label_pixels(std::string_view text) { return 6.6 * static_cast<double>(text_width(text)); }

namespace {

constexpr std::string_view style = R"css(
.wlf{--ink:#1c2126;--soft:#5b6670;--line:#d9dee3;--paper:#fff;--c0:#0b7a75;--c1:#b3561d;--c2:#5b4b9a;--c3:#9a3d6b;--c4:#4d7a1f;--c5:#2f6db3;font:12px system-ui,sans-serif}
@media(prefers-color-scheme:dark){.wlf{--ink:#e6eaee;--soft:#9aa6b1;--line:#343c44;--paper:#15191d;--c0:#4fd1c5;--c1:#f2a65a;--c2:#b0a2f0;--c3:#f08fb8;--c4:#a3d977;--c5:#7fb8f5}}
.wlf .paper{fill:var(--paper)}.wlf text{fill:var(--soft)}.wlf .h{fill:var(--ink);font-size:14px;font-weight:600}.wlf .k{fill:var(--ink)}
.wlf .m{text-anchor:middle}.wlf .e{text-anchor:end}.wlf .grid{stroke:var(--line);fill:none}.wlf .axis{stroke:var(--soft);fill:none}
.wlf .line{fill:none;stroke:var(--c);stroke-width:1.8;stroke-linejoin:round}.wlf .fill{fill:var(--c)}.wlf .band{fill:var(--c);fill-opacity:.18}
.wlf .err{stroke:var(--ink);stroke-width:1.2;fill:none}.wlf .cell{fill:var(--c0)}.wlf .none{fill:none;stroke:var(--line)}.wlf .on{fill:var(--paper)}.wlf .flow{fill:var(--c);fill-opacity:.4}
.wlf .c0{--c:var(--c0)}.wlf .c1{--c:var(--c1)}.wlf .c2{--c:var(--c2)}.wlf .c3{--c:var(--c3)}.wlf .c4{--c:var(--c4)}.wlf .c5{--c:var(--c5)}
)css";

// FNV-1a: the same figure has the same id in every run.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return h;
}

std::string described(const Figure& f) {
  static constexpr std::string_view kinds[] = {"Line chart", "Bar chart", "Scatter plot", "Flow diagram", "Heat map"};
  std::string out(kinds[static_cast<std::size_t>(f.kind)]);
  if (f.kind == Figure::Kind::sankey) {
    const Flows flows = drawable_flows(f);
    for (std::size_t i = 0; i < std::min<std::size_t>(flows.bands.size(), 12); ++i) {
      const auto& b = flows.bands[i];
      out += fmt::format("{} {} to {}: {:.4g} {}", i ? "," : " of", flows.nodes[b.from].name, flows.nodes[b.to].name,
                         b.value, f.value_unit);
    }
    return out + ".";
  }
  const auto range = [](const Extent& e, const Figure::Axis& axis) {
    return e.empty() ? std::string("nothing") : fmt::format("{:.4g} to {:.4g} {}", e.low(), e.high(), axis.unit);
  };
  if (f.kind == Figure::Kind::heat) {
    Extent e;
    for (const auto& row : f.cells) e.add(row);
    return out + fmt::format(" of {} rows and {} columns, {}.", f.cells.size(), f.categories.size(),
                             range(e, {"", f.value_unit}));
  }
  if (!f.y.label.empty()) out += " of " + f.y.label;
  if (!f.x.label.empty()) out += " by " + f.x.label;
  out += ": " + range(extent_y(f), f.y);
  for (std::size_t k = 0; k < std::min<std::size_t>(f.traces.size(), 12); ++k)
    if (f.traces.size() > 1) out += (k ? ", " : "; ") + trace_name(f, k);
  return out + ".";
}

}  // namespace
}  // namespace figures

std::string to_svg(const Figure& f, int width, int height) {
  using namespace figures;
  SvgFrame frame{
      static_cast<double>(std::clamp(width, 160, 10'000)), static_cast<double>(std::clamp(height, 120, 10'000)), {}};
  JsonWriter w;
  write_json(w, f);
  frame.id = fmt::format("f{:012x}", hash_of(w.str()) & 0xffffffffffffu);
  std::string body;
  switch (f.kind) {
    case Figure::Kind::line:
    case Figure::Kind::scatter:
    case Figure::Kind::bar: body = xy_svg(f, frame); break;
    case Figure::Kind::heat: body = heat_svg(f, frame); break;
    case Figure::Kind::sankey: body = sankey_svg(f, frame); break;
  }
  if (!f.title.empty()) body += svg_text(12, 20, f.title, "h");
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"wlf\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
      "role=\"img\" aria-labelledby=\"{2}t {2}d\"><title id=\"{2}t\">{3}</title><desc id=\"{2}d\">{4}</desc>"
      "<style>{5}</style><rect class=\"paper\" width=\"{0}\" height=\"{1}\"/>{6}</svg>",
      number(frame.width), number(frame.height), frame.id, f.title.empty() ? "Figure" : xml(f.title), xml(described(f)),
      style, body);
}

}  // namespace wattline
