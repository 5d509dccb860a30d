// Records of a text of any size, one at a time: rows of CSV (kernel/csv_scan.h) and JSON documents. Memory is that of
// one record and the pieces around it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/csv_scan.h"
#include "kernel/json.h"
#include "ledger/imports/text_source.h"

namespace wattline::ledger::imports {

inline constexpr std::size_t longest_record = std::size_t{16} << 20;

// Delimiter , ; tab or |, found from the header or told by a line "sep=;". Error bad_input with file:row:column: a row
// whose number of cells is not the header's, a quote that never closes, a row of over 16 MB, no header.
class CsvRecords {
 public:
  explicit CsvRecords(TextSource&);
  const std::vector<std::string>& header() const { return header_; }
  std::size_t header_line() const { return header_line_; }
  char delimiter() const { return delimiter_; }

  // The next row that is not blank; fields are valid until the next call.
  bool next(std::vector<std::string_view>& fields);
  std::size_t line() const { return line_; }  // on which it begins

 private:
  bool fill();  // the next whole rows into block_
  std::size_t whole_rows();
  bool next_row(std::vector<std::string_view>& fields);

  TextSource& source_;
  std::vector<std::string> header_;
  std::size_t header_line_ = 1;
  char delimiter_ = 0;
  std::string buffer_, block_;
  std::size_t looked_ = 0, ends_ = 0;  // how far buffer_ was searched; behind its last whole row
  enum class State { begin, plain, quoted, quote } state_ = State::begin;
  bool source_end_ = false, cut_ = false;  // cut_: the text ends without a line break
  std::size_t next_line_ = 1, line_ = 0;
  std::optional<csv::Scanner> scanner_;
};

// Documents that stand one after the other, on one line each or on many.
class JsonRecords {
 public:
  explicit JsonRecords(TextSource& source) : source_(source) {}
  // The next document's text, valid until the next call; false at the end.
  bool next(std::string_view& text);
  std::size_t line() const { return line_; }

 private:
  TextSource& source_;
  std::string buffer_;
  std::size_t at_ = 0, line_ = 1, next_line_ = 1;
  bool source_end_ = false;
};

}  // namespace wattline::ledger::imports
