#include "ledger/row_site.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

#include "kernel/json.h"

namespace wattline::ledger {
namespace {

const std::string* text_of(const Fact& f) {
  for (const auto& [name, value] : f.labels)
    if (name == pue_label) return &value;
  return nullptr;
}

double read(const std::string& text) {
  double value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool whole = code == std::errc() && end == text.data() + text.size();
  return whole && value >= 1 && value <= most_pue ? value : 0;
}

std::string rows_text(std::int64_t n) { return fmt::format("{} {}", n, n == 1 ? "row" : "rows"); }

}  // namespace

RowSite site_of(const Fact& f) {
  const std::string* text = text_of(f);
  return {f.place, text ? read(*text) : 0};
}

void set_pue(Fact& f, double pue) {
  std::erase_if(f.labels, [](const auto& label) { return label.first == pue_label; });
  f.labels.emplace_back(pue_label, shortest(pue));
}

void OwnPues::see(const Fact& f, std::int64_t rows) {
  const std::string* text = text_of(f);
  const double pue = text ? read(*text) : 0;
  if (pue > 0) rows_[pue] += rows;
  else without_ += rows;
  constexpr std::size_t most_kept = 100;
  if (text && pue == 0 && (unread_.size() < most_kept || unread_.contains(*text))) unread_[*text] += rows;
}

void OwnPues::tell(Result& out) const {
  constexpr std::size_t most_named = 5;
  if (!rows_.empty()) {
    std::string text;
    std::size_t named = 0;
    std::int64_t all = 0;
    for (const auto& [pue, rows] : rows_) {
      all += rows;
      if (named++ < most_named)
        text += fmt::format("{}{} for {}", text.empty() ? "" : ", ", shortest(pue), rows_text(rows));
    }
    if (named > most_named) text += fmt::format(" and {} more", named - most_named);
    out.note(fmt::format("PUE: the one that was recorded with {} is theirs ({}){}.", rows_text(all), text,
                         without_ > 0 ? fmt::format("; {} without one take the report's", rows_text(without_)) : ""));
  }
  for (const auto& [text, rows] : unread_)
    out.warn(fmt::format("{} a label pue that is no number from 1 to {} ('{}'): taken as rows without one",
                         rows == 1 ? "1 row has" : fmt::format("{} rows have", rows), most_pue, text.substr(0, 40)));
}

}  // namespace wattline::ledger
