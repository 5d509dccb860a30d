#include "ledger/imports/records.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::ledger::imports {
namespace {

std::size_t lines_in(std::string_view text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

char delimiter_of(std::string_view header) {
  const char found = csv::find_delimiter(header);
  const auto count = [&](char c) { return std::count(header.begin(), header.end(), c); };
  return count(found) == 0 && count('|') > 0 ? '|' : found;
}

bool is_blank(const std::vector<std::string_view>& fields) {
  return std::all_of(fields.begin(), fields.end(), [](auto f) { return csv::trimmed(f).empty(); });
}

}  // namespace

CsvRecords::CsvRecords(TextSource& source) : source_(source) {
  std::vector<std::string_view> fields;
  // Enough to see the header line.
  while (buffer_.find('\n') == std::string::npos && buffer_.size() < longest_record && source_.read(buffer_)) {}
  const auto first_line = [&] {
    const auto from = std::min(buffer_.find_first_not_of("\r\n"), buffer_.size());
    return std::string_view(buffer_).substr(from, buffer_.find('\n', from) - from);
  };
  std::string_view line = first_line();
  if (line.size() >= 5 && line.size() <= 6 && (line.starts_with("sep=") || line.starts_with("SEP="))) {
    delimiter_ = line[4];
    const auto end = buffer_.find('\n') + 1;
    next_line_ += lines_in(std::string_view(buffer_).substr(0, end));
    buffer_.erase(0, end);
    if (buffer_.empty()) source_.read(buffer_);
  } else {
    delimiter_ = delimiter_of(line);
  }
  while (next_row(fields))
    if (!is_blank(fields)) {
      for (const auto f : fields) header_.emplace_back(csv::trimmed(f));
      header_line_ = line_;
      return;
    }
  throw bad_input("the file is empty; a header line with column names belongs there", source_.name());
}

// Behind the last row that ends in buffer_; where quotes count is Scanner's rule. From quote to quote: what lies between
// them is only searched for its last line break.
std::size_t CsvRecords::whole_rows() {
  const std::string_view text = buffer_;
  while (looked_ < text.size()) {
    const std::size_t quote = std::min(text.find('"', looked_), text.size());
    if (state_ == State::quoted) {
      looked_ = std::min(quote + 1, text.size());
      if (quote < text.size()) state_ = State::quote;
      continue;
    }
    if (state_ == State::quote && quote == looked_) {
      state_ = State::quoted;
      ++looked_;
      continue;
    }
    if (quote > looked_) {
      const std::string_view between = text.substr(looked_, quote - looked_);
      if (const auto newline = between.rfind('\n'); newline != std::string_view::npos) ends_ = looked_ + newline + 1;
      state_ = between.back() == '\n' || between.back() == delimiter_ ? State::begin : State::plain;
      looked_ = quote;
    }
    if (quote == text.size()) break;
    if (state_ == State::begin) state_ = State::quoted;
    ++looked_;
  }
  return ends_;
}

bool CsvRecords::fill() {
  if (scanner_) next_line_ = scanner_->next_line();
  for (;;) {
    if (whole_rows() > 0) break;
    if (buffer_.size() > longest_record)
      throw bad_input(fmt::format("a row of over {} MB", longest_record >> 20),
                      fmt::format("{}:{}", source_.name(), next_line_), "is a quote never closed?");
    if (!source_.read(buffer_)) {
      source_end_ = true;
      if (buffer_.empty()) return false;
      cut_ = true;
      ends_ = buffer_.size();
      break;
    }
  }
  block_.assign(buffer_, 0, ends_);
  buffer_.erase(0, ends_);
  looked_ -= std::min(looked_, ends_);
  ends_ = 0;
  scanner_.emplace(block_, delimiter_, source_.name(), next_line_);
  return true;
}

bool CsvRecords::next_row(std::vector<std::string_view>& fields) {
  for (;;) {
    if (scanner_ && scanner_->next(fields)) {
      line_ = scanner_->line();
      return true;
    }
    if (source_end_ && buffer_.empty()) return false;
    if (!fill()) return false;
  }
}

bool CsvRecords::next(std::vector<std::string_view>& fields) {
  do
    if (!next_row(fields)) return false;
  while (is_blank(fields));
  if (fields.size() == header_.size()) return true;
  // "a,b," after a header "a,b": spreadsheets add empty cells.
  while (fields.size() > header_.size() && csv::trimmed(fields.back()).empty()) fields.pop_back();
  if (fields.size() == header_.size()) return true;
  const bool last = cut_ && scanner_->at_end() && buffer_.empty();
  throw bad_input(fmt::format("{} cells where the header has {} columns{}", fields.size(), header_.size(),
                              last && fields.size() < header_.size() ? ": the last line is cut off" : ""),
                  fmt::format("{}:{}:{}", source_.name(), line_, std::min(fields.size(), header_.size())),
                  last ? "fetch the file again, or remove its last line" : "put cells with the separator in quotes");
}

bool JsonRecords::next(std::string_view& text) {
  if (at_ > buffer_.size() / 2) {
    buffer_.erase(0, at_);
    at_ = 0;
  }
  std::size_t begin = std::string::npos, looked = at_;
  int depth = 0;
  bool in_string = false, escaped = false;
  for (;;) {
    for (; looked < buffer_.size(); ++looked) {
      const char c = buffer_[looked];
      if (begin == std::string::npos) {
        // Between documents: blanks, and the commas that some tools put there.
        if (c == '\n') ++next_line_;
        if (c == ' ' || c == '\n' || c == '\r' || c == '\t' || c == ',' || c == '\x1e') continue;
        if (c != '{' && c != '[')
          throw bad_input(fmt::format("'{}' where a JSON object begins", shown_text(buffer_.substr(looked, 30))),
                          fmt::format("{}:{}", source_.name(), next_line_));
        begin = looked;
        line_ = next_line_;
        depth = 1;
        continue;
      }
      if (c == '\n') ++next_line_;
      if (in_string) {
        if (escaped) escaped = false;
        else if (c == '\\') escaped = true;
        else if (c == '"') in_string = false;
      } else if (c == '"') {
        in_string = true;
      } else if (c == '{' || c == '[') {
        ++depth;
      } else if ((c == '}' || c == ']') && --depth == 0) {
        at_ = looked + 1;
        text = std::string_view(buffer_).substr(begin, at_ - begin);
        return true;
      }
    }
    if (begin == std::string::npos) {
      buffer_.clear();
      at_ = looked = 0;
    } else if (buffer_.size() - begin > longest_record) {
      throw bad_input(fmt::format("a JSON document of over {} MB", longest_record >> 20),
                      fmt::format("{}:{}", source_.name(), line_), "write one document a line, or CSV");
    }
    if (!source_.read(buffer_)) {
      if (begin == std::string::npos) return false;
      throw bad_input("the last JSON document is cut off", fmt::format("{}:{}", source_.name(), line_),
                      "fetch the file again, or remove its last line");
    }
  }
}

}  // namespace wattline::ledger::imports
