#include "ledger/training/marks.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/csv_scan.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/utf8.h"
#include "ledger/training/trace.h"

namespace wattline::ledger::training {
namespace {

constexpr std::size_t none = SIZE_MAX, most_marks = 1'000'000, longest_name = 100;

struct Layout {
  std::size_t columns = 0, time = none, epoch = none, phase = none;
};

Layout layout_of(const std::vector<std::string_view>& cells, std::string_view where) {
  Layout l;
  l.columns = cells.size();
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const auto name = csv::trimmed(cells[i]);
    if (name == "time" || name == "timestamp") l.time = i;
    else if (name == "epoch") l.epoch = i;
    else if (name == "phase") l.phase = i;
  }
  if (l.time == none || l.epoch == none)
    throw bad_input("a header with 'time' and 'epoch' is wanted", std::string(where), "for example: time,epoch,phase");
  return l;
}

std::string name_of(std::string_view cell, const std::string& where) {
  const auto name = csv::trimmed(cell);
  if (name.size() > longest_name)
    throw bad_input(fmt::format("a name of {} bytes found; {} are allowed", name.size(), longest_name), where);
  return std::string(name);
}

// Of each mark that `named` gives a name to, until the next.
template <class Name>
std::vector<Epoch> grouped(const std::vector<Mark>& marks, Time begin, Time end, Name named) {
  std::vector<Epoch> out;
  for (std::size_t i = 0; i < marks.size(); ++i) {
    const std::string& name = named(marks[i]);
    const bool last = i + 1 == marks.size();
    const Span span{std::max(begin, marks[i].begin), last ? end : std::min(end, marks[i + 1].begin)};
    if (name.empty() || !(span.begin < span.end)) continue;
    auto it = std::find_if(out.begin(), out.end(), [&](const Epoch& e) { return e.name == name; });
    if (it == out.end()) it = out.insert(out.end(), {name, {}, true});
    it->spans.push_back(span);
    if (last || marks[i].begin < begin || marks[i + 1].begin > end) it->whole = false;
  }
  return out;
}

}  // namespace

std::vector<Mark> read_marks(std::string_view text, std::string_view where) {
  std::vector<Mark> out;
  bool any = false;
  Layout layout;
  for_each_csv_row(
      csv::checked_text(text, where), 0, where, [&](std::size_t line, const std::vector<std::string_view>& cells) {
        if (layout.columns == 0) {
          layout = layout_of(cells, where);
          return;
        }
        const std::string at = fmt::format("{}:{}", where, line);
        if (cells.size() != layout.columns)
          throw bad_input(fmt::format("{} cells found; the header has {}", cells.size(), layout.columns), at);
        const auto t = read_instant(cells[layout.time]);
        if (!t)
          throw bad_input(fmt::format("'{}' is no time", shown_text(cells[layout.time])), at,
                          "ISO 8601 (2026-11-24T14:03:00Z) or seconds, as in the power log");
        if (!out.empty() && *t <= out.back().begin)
          throw bad_input(fmt::format("{} is not after the mark before it", to_string(*t, 3)), at,
                          "marks go forward in time");
        if (out.size() == most_marks)
          throw bad_input(fmt::format("more than {} marks", most_marks), std::string(where));
        out.push_back(
            {*t, name_of(cells[layout.epoch], at), layout.phase == none ? "" : name_of(cells[layout.phase], at)});
        any = any || !out.back().epoch.empty();
      });
  if (!any) throw bad_input("no mark has an epoch", std::string(where), "for example: 2026-11-24T14:03:00Z,1");
  return out;
}

std::vector<Epoch> epochs_of(const std::vector<Mark>& marks, Time begin, Time end) {
  return grouped(marks, begin, end, [](const Mark& m) -> const std::string& { return m.epoch; });
}
std::vector<Epoch> phases_of(const std::vector<Mark>& marks, Time begin, Time end) {
  return grouped(marks, begin, end, [](const Mark& m) -> const std::string& { return m.phase; });
}

}  // namespace wattline::ledger::training
