// The text of a file of any size, some hundred kilobytes at a time, as UTF-8 whatever it was written in: UTF-8 with
// or without byte order mark, UTF-16 of either order (with a mark, or told by its zero bytes), and single bytes that
// are no UTF-8 as Windows-1252 (of which Latin-1 is nearly a part). gzip is undone.
//
// Errors: world, denied from reading; bad_input for a damaged gzip, half a UTF-16 character, a NUL.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "ledger/sha256.h"

namespace wattline::ledger::imports {

class TextSource {
 public:
  // A path, or "-" for standard input.
  explicit TextSource(const std::string& path);
  TextSource(std::string name, std::string bytes);
  ~TextSource();

  // Appends the next piece; false at the end.
  bool read(std::string& out);
  // The beginning of what the next read() gives, without taking it.
  std::string_view peek();
  const std::string& name() const { return name_; }
  // Of the file's bytes, 0 where their number is not known.
  double fraction() const;
  std::int64_t foreign_bytes() const { return foreign_; }  // read as Windows-1252
  std::string_view encoding() const;  // "UTF-8", "UTF-16", "gzip of UTF-8" ...
  // Of the bytes of a file; 0 where it is none.
  std::uint64_t size() const { return size_; }
  // From now on a SHA-256 is made of what is read.
  void make_digest() { sha_ = std::make_unique<Sha256>(); }
  std::string digest() { return sha_->hex(); }  // after the end
  std::uint64_t bytes_read() const { return seen_; }

 private:
  enum class Form { unknown, utf8, utf16_little, utf16_big };
  struct Gzip;

  bool read_raw();  // into raw_
  bool read_plain();  // into plain_
  void find_form();
  void decode(std::string& out, bool last);
  void decode_utf8(std::string& out, bool last);
  void decode_utf16(std::string& out, bool last);

  std::string name_;
  std::string given_;  // its bytes, where they were handed over
  std::size_t given_at_ = 0;
  int descriptor_ = -1;
  std::uint64_t size_ = 0, seen_ = 0;
  std::unique_ptr<Gzip> gzip_;
  std::unique_ptr<Sha256> sha_;
  bool begun_ = false, raw_end_ = false, decoded_end_ = false;
  std::string raw_, plain_;  // plain_: not yet decoded
  std::string peeked_;
  Form form_ = Form::unknown;
  std::int64_t foreign_ = 0;
};

}  // namespace wattline::ledger::imports
