#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "kernel/csv_columns.h"
#include "kernel/csv_scan.h"
#include "kernel/error.h"
#include "kernel/table.h"

namespace wattline {
namespace {

using csv::ColumnReader;
using csv::Scanner;

constexpr std::size_t max_columns = 20'000;

std::string_view without_lines(std::string_view text, std::size_t count, std::string_view where) {
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos)
      throw bad_input(fmt::format("has {} lines, {} are to be skipped", i + !text.empty(), count), std::string(where));
    text.remove_prefix(end + 1);
  }
  return text;
}

// Names people can ask for: none empty, none twice.
void name_columns(std::vector<ColumnReader>& columns) {
  std::unordered_set<std::string> taken;
  std::unordered_map<std::string, int> copies;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    std::string& name = columns[i].column.name;
    if (name.empty()) name = fmt::format("column_{}", i + 1);
    const std::string base = name;
    while (!taken.insert(name).second) name = fmt::format("{}_{}", base, ++copies.try_emplace(base, 1).first->second);
  }
}

class Reader {
 public:
  Reader(std::string_view content, std::string_view where, const CsvOptions& o)
      : options_(o),
        where_(where),
        text_(without_lines(csv::checked_text(content, where), o.skip_lines, where)),
        delimiter_(o.delimiter ? o.delimiter : csv::find_delimiter(text_)),
        first_row_(scanner()) {
    Scanner after_header = first_row_;
    if (!after_header.next(fields_))
      throw bad_input("is empty", where_, o.header ? "a line with the names of the columns is needed" : "");
    if (fields_.size() > max_columns)
      throw bad_input(fmt::format("has {} columns, at most {} are read", fields_.size(), max_columns), where_);
    for (const auto& field : fields_) {
      columns_.emplace_back(o.infer);
      if (o.header) columns_.back().take_header(field);
    }
    name_columns(columns_);
    if (o.header) first_row_ = std::move(after_header);
  }

  Table read() {
    std::size_t expected = 0;
    const std::size_t rows = each_row([&](std::size_t row) {
      if (row == 0) expected = expected_rows();
      for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].take(fields_[i], row, expected);
    });
    bool again = false;
    for (auto& c : columns_) again |= c.finish(rows);
    if (again)
      each_row([&](std::size_t) {
        for (std::size_t i = 0; i < columns_.size(); ++i) columns_[i].take_again(fields_[i]);
      });
    Table t;
    for (auto& c : columns_) t.columns().push_back(std::move(c.column));
    return t;
  }

 private:
  Scanner scanner() const { return Scanner(text_, delimiter_, where_, options_.skip_lines + 1, options_.quotes); }

  // By the length of the first row. No more than a few million: a first row that is short for its file
  // must not cost memory.
  std::size_t expected_rows() const {
    std::size_t bytes = fields_.size();
    for (const auto& f : fields_) bytes += f.size();
    const std::size_t rows = text_.size() / bytes;
    return std::min({options_.max_rows, rows + rows / 8 + 1, std::size_t{1} << 22});
  }

  template <class F>
  std::size_t each_row(F&& use) {
    Scanner scan = first_row_;
    std::size_t row = 0;
    while (scan.next(fields_)) {
      if (fields_.size() != columns_.size()) throw wrong_count(scan);
      if (row == options_.max_rows)
        throw bad_input(fmt::format("has more than the {} rows that are read", options_.max_rows), scan.where(1));
      use(row++);
    }
    return row;
  }

  Error wrong_count(const Scanner& scan) const {
    const std::size_t found = fields_.size(), wanted = columns_.size();
    const bool cut = scan.at_end() && !text_.ends_with('\n') && found < wanted;
    return bad_input(fmt::format("has {} field{} where the {} {}", found, found == 1 ? "" : "s",
                                 options_.header ? "header names" : "first row has", wanted),
                     scan.where(std::min(found, wanted + 1)),
                     cut ? "the file ends in the middle of this row: remove it"
                         : fmt::format("fields are separated by {}, and quoted when they hold one",
                                       delimiter_ == '\t' ? "tabs" : fmt::format("'{}'", delimiter_)));
  }

  const CsvOptions& options_;
  std::string where_;
  std::string_view text_;
  char delimiter_;
  Scanner first_row_;
  std::vector<std::string_view> fields_;
  std::vector<ColumnReader> columns_;
};

}  // namespace

Table read_csv(std::string_view content, std::string_view where, const CsvOptions& o) {
  return Reader(content, where, o).read();
}

void for_each_csv_row(std::string_view content, char delimiter, std::string_view where,
                      const std::function<void(std::size_t, const std::vector<std::string_view>&)>& use) {
  const std::string_view text = csv::checked_text(content, where);
  Scanner scanner(text, delimiter ? delimiter : csv::find_delimiter(text), where);
  std::vector<std::string_view> fields;
  while (scanner.next(fields)) use(scanner.line(), fields);
}

}  // namespace wattline
