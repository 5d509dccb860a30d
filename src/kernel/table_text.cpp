#include <algorithm>

#include <fmt/format.h>

#include "kernel/table.h"
#include "kernel/utf8.h"

namespace wattline {
namespace {

constexpr std::size_t gap = 2, indent = 2, smallest_text = 8;

struct Shown {
  std::vector<std::string> cells;  // name, unit, then the rows
  std::size_t width = 0;
  bool right = false;
  bool number = false;
};

std::string one_line(std::string s) {
  for (char& c : s)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return s;
}

std::string fitted(const std::string& s, std::size_t width, bool right) {
  const std::size_t have = text_width(s);
  if (have > width) return std::string(text_prefix(s, width > 0 ? width - 1 : 0)) + (width > 0 ? "…" : "");
  const std::string fill(width - have, ' ');
  return right ? fill + s : s + fill;
}

std::size_t total_width(const std::vector<Shown>& columns) {
  std::size_t total = indent;
  for (const auto& c : columns) total += c.width + gap;
  return columns.empty() ? total : total - gap;
}

// Takes `excess` columns of width from the widest texts, each down to `floor` at most.
void shrink(std::vector<Shown>& columns, std::size_t limit, std::size_t floor, bool numbers_too) {
  while (total_width(columns) > limit) {
    Shown* widest = nullptr;
    std::size_t second = floor;
    for (auto& c : columns) {
      if (c.number && !numbers_too) continue;
      if (!widest || c.width > widest->width) {
        if (widest) second = std::max(second, widest->width);
        widest = &c;
      } else {
        second = std::max(second, c.width);
      }
    }
    if (!widest || widest->width <= floor) return;
    const std::size_t excess = total_width(columns) - limit;
    const std::size_t target = widest->width > second ? second : widest->width - 1;
    widest->width = std::max(target, widest->width - std::min(excess, widest->width - floor));
  }
}

}  // namespace

std::string to_text(const Table& t, int width, std::size_t max_rows) {
  const std::size_t limit = width <= 0 ? SIZE_MAX : static_cast<std::size_t>(std::max(width, 20));
  const std::size_t rows = std::min(t.rows(), max_rows);
  const bool units = std::any_of(t.columns().begin(), t.columns().end(), [](const Column& c) { return !c.unit.empty(); });
  std::vector<Shown> shown;
  for (std::size_t i = 0; i < t.columns().size(); ++i) {
    const Column& c = t.columns()[i];
    Shown s;
    s.number = s.right = c.kind == ColumnKind::number || c.kind == ColumnKind::integer;
    s.cells.push_back(one_line(c.name));
    if (units) s.cells.push_back(one_line(c.unit));
    for (std::size_t row = 0; row < rows; ++row) {
      std::string cell = one_line(t.cell_text(row, i));
      s.cells.push_back(cell.empty() && c.kind != ColumnKind::text ? "-" : std::move(cell));
    }
    for (const auto& cell : s.cells) s.width = std::max(s.width, text_width(cell));
    shown.push_back(std::move(s));
  }
  shrink(shown, limit, smallest_text, false);
  // What still does not fit is left out from the right and named.
  std::size_t kept = shown.size();
  while (kept > 1 && total_width(shown) > limit) {
    shown.pop_back();
    --kept;
  }
  shrink(shown, limit, 1, true);

  std::string out;
  const auto put = [&](std::string line) {
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  };
  const auto put_long = [&](const std::string& text) {
    out += limit == SIZE_MAX ? text : fitted(text, std::min(limit, text_width(text)), false);
    out += '\n';
  };
  if (!t.title.empty()) put_long("  " + one_line(t.title));
  const std::size_t header = units ? 2 : 1;
  for (std::size_t line = 0; line < header + rows; ++line) {
    std::string text(indent, ' ');
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (i) text.append(gap, ' ');
      text += fitted(shown[i].cells[line], shown[i].width, shown[i].right);
    }
    put(std::move(text));
    if (line + 1 == header) {
      text.assign(indent, ' ');
      for (std::size_t i = 0; i < shown.size(); ++i) {
        if (i) text.append(gap, ' ');
        for (std::size_t n = 0; n < shown[i].width; ++n) text += "─";
      }
      put(std::move(text));
    }
  }
  if (rows < t.rows()) put_long(fmt::format("  … {} more of {} rows", t.rows() - rows, t.rows()));
  if (kept < t.columns().size()) {
    std::vector<std::string> names;
    for (std::size_t i = kept; i < t.columns().size(); ++i) names.push_back(one_line(t.columns()[i].name));
    put_long(fmt::format("  … {} more column{}: {}", names.size(), names.size() == 1 ? "" : "s", fmt::join(names, ", ")));
  }
  if (!t.caption.empty()) put_long("  " + one_line(t.caption));
  return out;
}

}  // namespace wattline
