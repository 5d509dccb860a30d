#include <charconv>
#include <cmath>

#include "kernel/table.h"

namespace wattline {
namespace {

void put_text(std::string& out, std::string_view s, bool alone) {
  // An empty line would be no row; spaces at the ends are kept by readers that trim; a byte order mark
  // at the very beginning would be taken for the file's own.
  const bool plain = s.find_first_of(",;\t\"\r\n") == std::string_view::npos && !(alone && s.empty()) &&
                     !s.starts_with(' ') && !s.ends_with(' ') && !s.starts_with("\xEF\xBB\xBF");
  if (plain) {
    out += s;
    return;
  }
  out += '"';
  for (char c : s) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

// The fewest digits that read back as the same number.
template <class N>
void put_number(std::string& out, N n) {
  char digits[32];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, n).ptr);
}

// Whole numbers in plain digits: 100000 rather than 1e+05, and sooner done.
void put_double(std::string& out, double d) {
  const bool whole = std::abs(d) < 1e15 && d == std::trunc(d) && !(d == 0 && std::signbit(d));
  if (whole) put_number(out, static_cast<std::int64_t>(d));
  else put_number(out, d);
}

}  // namespace

std::string to_csv(const Table& t) {
  const auto& columns = t.columns();
  const bool alone = columns.size() == 1;
  std::string out;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i) out += ',';
    const Column& c = columns[i];
    put_text(out, c.unit.empty() ? c.name : c.name + " [" + c.unit + "]", alone);
  }
  out += '\n';
  for (std::size_t row = 0; row < t.rows(); ++row) {
    for (std::size_t i = 0; i < columns.size(); ++i) {
      if (i) out += ',';
      const Column& c = columns[i];
      if (c.kind == ColumnKind::number) {
        const double d = c.numbers()[row];
        if (std::isnan(d)) put_text(out, {}, alone);
        else if (std::isinf(d)) out += d > 0 ? "inf" : "-inf";
        else put_double(out, d);
      } else if (c.kind == ColumnKind::integer && c.integers()[row] != missing_integer) {
        put_number(out, c.integers()[row]);
      } else if (c.kind == ColumnKind::flag && c.integers()[row] != missing_integer) {
        out += c.integers()[row] ? "true" : "false";
      } else {
        put_text(out, c.kind == ColumnKind::text ? c.texts()[row] : t.cell_text(row, i), alone);
      }
    }
    out += '\n';
  }
  return out;
}

}  // namespace wattline
