#include <algorithm>
#include <optional>
#include <span>

#include <fmt/format.h>

#include "kernel/shown.h"
#include "kernel/table.h"
#include "kernel/utf8.h"

namespace wattline {
namespace {

constexpr std::size_t gap = 2, indent = 2, smallest_text = 8, narrowest_table = 20;

struct Shown {
  std::string name, unit;
  std::vector<std::string> cells;
  std::size_t cell_width = 0;  // of the widest cell or the unit
  bool number = false;
  bool whole = false;  // worth nothing when cut: numbers and times

  std::size_t width = 0;  // as laid out
  std::vector<std::string> name_lines;  // the name, wrapped into it
};

std::string one_line(std::string s) {
  for (char& c : s)
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  return s;
}

Shown laid_out(const Table& t, std::size_t index, std::size_t rows) {
  const Column& c = t.columns()[index];
  ShownColumn shown = shown_column(t, index, rows);
  Shown s;
  s.name = one_line(c.name);
  s.unit = one_line(shown.unit);
  s.number = c.kind == ColumnKind::number || c.kind == ColumnKind::integer;
  s.whole = s.number || c.kind == ColumnKind::time;
  s.cell_width = text_width(s.unit);
  for (auto& shown_cell : shown.cells) {
    std::string cell = one_line(std::move(shown_cell));
    if (cell.empty() && c.kind != ColumnKind::text) cell = "-";
    s.cell_width = std::max(s.cell_width, text_width(cell));
    s.cells.push_back(std::move(cell));
  }
  return s;
}

// "carbon_intensity" into "carbon_" and "intensity": lines of at most `width` where words allow it.
std::vector<std::string> wrapped_name(const std::string& name, std::size_t width) {
  std::vector<std::string> lines(1);
  for (std::size_t i = 0; i < name.size();) {
    const std::size_t end = std::min(name.find_first_of(" _-/", i), name.size() - 1) + 1;
    const std::string word = name.substr(i, end - i);
    if (!lines.back().empty() && text_width(lines.back()) + text_width(word) > width) lines.emplace_back();
    lines.back() += word;
    i = end;
  }
  for (auto& line : lines)
    while (line.ends_with(' ')) line.pop_back();
  return lines;
}

std::size_t widest(const std::vector<std::string>& lines) {
  std::size_t width = 0;
  for (const auto& line : lines) width = std::max(width, text_width(line));
  return width;
}

class Layout {
 public:
  Layout(std::vector<Shown> columns, std::size_t limit) : columns_(std::move(columns)), limit_(limit) {
    // In order of what it costs the reader: wrap names, cut texts, leave out columns from the right.
    for (kept_ = columns_.size(); kept_ > 0; --kept_) {
      lay_out(false);
      if (total() > limit_) lay_out(true);
      cut(smallest_text, false);
      if (total() <= limit_ || kept_ == 1) break;
    }
    cut(1, true);  // a single column that is too wide
  }

  std::span<const Shown> columns() const { return {columns_.data(), kept_}; }
  std::span<const Shown> left_out() const { return std::span(columns_).subspan(kept_); }

 private:
  void lay_out(bool wrap) {
    for (std::size_t i = 0; i < kept_; ++i) {
      Shown& c = columns_[i];
      if (wrap) c.name_lines = wrapped_name(c.name, c.cell_width);
      else c.name_lines = {c.name};
      c.width = std::max(c.cell_width, widest(c.name_lines));
    }
  }
  std::size_t total() const {
    std::size_t sum = indent + gap * (kept_ - 1);
    for (std::size_t i = 0; i < kept_; ++i) sum += columns_[i].width;
    return sum;
  }
  // Takes width from the widest texts first, none below `floor`. Numbers and times are never cut
  // beside others.
  void cut(std::size_t floor, bool all_too) {
    while (kept_ > 0 && total() > limit_) {
      Shown* widest_column = nullptr;
      std::size_t second = floor;
      for (std::size_t i = 0; i < kept_; ++i) {
        Shown& c = columns_[i];
        if (c.whole && !all_too) continue;
        if (!widest_column || c.width > widest_column->width) {
          if (widest_column) second = std::max(second, widest_column->width);
          widest_column = &c;
        } else {
          second = std::max(second, c.width);
        }
      }
      if (!widest_column || widest_column->width <= floor) return;
      std::size_t& width = widest_column->width;
      const std::size_t wanted = width - std::min(total() - limit_, width - floor);
      width = std::max(wanted, width > second ? second : width - 1);
    }
  }

  std::vector<Shown> columns_;
  std::size_t limit_, kept_ = 0;
};

struct Style {
  std::string_view ellipsis, rule, more;
};

std::string fitted(const std::string& s, std::size_t width, bool right, const Style& style) {
  const std::size_t have = text_width(s), dots = text_width(style.ellipsis);
  if (have > width)
    return width < dots ? std::string(text_prefix(s, width))
                        : std::string(text_prefix(s, width - dots)) + std::string(style.ellipsis);
  const std::string fill(width - have, ' ');
  return right ? fill + s : s + fill;
}

// A text broken between words into at most `most` lines; the last is cut when that does not do.
std::vector<std::string> broken(const std::string& s, std::size_t width, std::size_t most, const Style& style) {
  std::vector<std::string> lines;
  std::string_view rest = s;
  while (lines.size() + 1 < most && text_width(rest) > width) {
    std::size_t end = text_prefix(rest, width).size();
    // A break is at a space; a word longer than the line is broken anywhere.
    if (const auto space = rest.substr(0, end + 1).rfind(' '); space != std::string_view::npos && space > 0)
      end = space;
    lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end);
    while (rest.starts_with(' ')) rest.remove_prefix(1);
  }
  lines.push_back(fitted(std::string(rest), width, false, style));
  return lines;
}

}  // namespace

std::string to_text(const Table& t, int width, std::size_t max_rows, bool unicode) {
  const Style style = unicode ? Style{"…", "─", "…"} : Style{"..", "-", "..."};
  const std::size_t limit = width <= 0 ? SIZE_MAX : std::max(static_cast<std::size_t>(width), narrowest_table);
  const std::size_t rows = std::min(t.rows(), max_rows);
  std::string out;
  const auto put = [&](std::string line) {
    while (line.ends_with(' ')) line.pop_back();
    out += line + "\n";
  };
  const auto put_note = [&](const std::string& text) {
    const std::string line = "  " + one_line(text);
    put(text_width(line) > limit ? fitted(line, limit, false, style) : line);
  };
  if (!t.title.empty()) put_note(t.title);

  std::vector<Shown> all;
  for (std::size_t i = 0; i < t.columns().size(); ++i) all.push_back(laid_out(t, i, rows));
  const Layout layout(std::move(all), limit);
  const auto columns = layout.columns();
  const auto put_line = [&](auto&& cell) {
    std::string line(indent, ' ');
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i) line.append(gap, ' ');
      line += fitted(cell(columns[i]), columns[i].width, columns[i].number, style);
    }
    put(std::move(line));
  };
  if (!columns.empty()) {
    std::size_t name_lines = 0;
    bool units = false;
    for (const auto& c : columns) {
      name_lines = std::max(name_lines, c.name_lines.size());
      units |= !c.unit.empty();
    }
    // Names stand on the line above the units, however many lines their neighbours take.
    for (std::size_t k = name_lines; k-- > 0;)
      put_line([&](const Shown& c) {
        return k < c.name_lines.size() ? c.name_lines[c.name_lines.size() - 1 - k] : std::string();
      });
    if (units) put_line([](const Shown& c) { return c.unit; });
    put_line([&](const Shown& c) {
      std::string rule;
      for (std::size_t n = 0; n < c.width; ++n) rule += style.rule;
      return rule;
    });
    // In a short table long texts are told whole; in a long one they are cut, so that a row stays a line.
    constexpr std::size_t short_table = 12, most_lines = 6;
    const std::size_t most = rows <= short_table ? most_lines : 1;
    for (std::size_t row = 0; row < rows; ++row) {
      std::vector<std::vector<std::string>> lines;
      std::size_t height = 1;
      for (const Shown& c : columns) {
        lines.push_back(c.whole ? std::vector<std::string>{c.cells[row]} : broken(c.cells[row], c.width, most, style));
        height = std::max(height, lines.back().size());
      }
      for (std::size_t k = 0; k < height; ++k)
        put_line([&](const Shown& c) {
          const auto& own = lines[static_cast<std::size_t>(&c - columns.data())];
          return k < own.size() ? own[k] : std::string();
        });
    }
  }
  if (rows < t.rows()) put_note(fmt::format("{} {} more of {} rows", style.more, t.rows() - rows, t.rows()));
  if (const auto rest = layout.left_out(); !rest.empty()) {
    std::string names;
    for (const auto& c : rest) names += (names.empty() ? "" : ", ") + c.name;
    put_note(fmt::format("{} {} more column{}: {}", style.more, rest.size(), rest.size() == 1 ? "" : "s", names));
  }
  if (!t.caption.empty())
    for (const auto& line : broken(one_line(t.caption), limit - indent, 20, style)) put_note(line);
  return out;
}

}  // namespace wattline
