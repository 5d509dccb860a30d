// Splits CSV text into rows of fields (RFC 4180), for the readers of this room. Fields are views into
// the text, or into the scanner's own store where doubled quotes had to be undone.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::csv {

class Scanner {
 public:
  // `line` is the number of the text's first line in the file, for errors. Without `quotes`, " is a
  // letter like others.
  Scanner(std::string_view text, char delimiter, std::string_view where, std::size_t line = 1, bool quotes = true);

  // The next row that is no blank line; false at the end. Fields are valid until the next call.
  bool next(std::vector<std::string_view>& fields);
  // The file's line on which the row of the last next() begins.
  std::size_t line() const { return row_line_; }
  // Of what next() reads next.
  std::size_t next_line() const { return line_; }
  bool at_end() const { return position_ == text_.size(); }
  std::string where(std::size_t field) const;  // "file:row:column", both from 1

 private:
  std::size_t next_special(std::size_t from);
  std::string_view quoted(std::size_t field);

  std::string_view text_;
  char delimiter_;
  bool quotes_;
  std::string where_;
  std::size_t position_ = 0;
  std::size_t line_, row_line_ = 0;
  // Delimiters and newlines of the 64 bytes from block_ that lie at or after the last asked place.
  std::size_t block_ = SIZE_MAX;
  std::uint64_t mask_ = 0;
  std::deque<std::string> unquoted_;
};

// The text without its byte order mark; Error naming the place of a NUL byte, of invalid UTF-8, or
// of the marks of UTF-16.
std::string_view checked_text(std::string_view content, std::string_view where);

// The one of , ; tab that the first line holds most often outside quotes; ',' when none.
char find_delimiter(std::string_view text);

}  // namespace wattline::csv
