#include "ledger/imports/text_source.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::ledger::imports {
namespace {

constexpr std::size_t piece = 256 << 10;

void append_utf8(std::string& out, std::uint32_t c) {
  const auto put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xC0 | c >> 6);
    put(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    put(0xE0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  } else {
    put(0xF0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3F));
    put(0x80 | (c >> 6 & 0x3F));
    put(0x80 | (c & 0x3F));
  }
}

// Windows-1252 where it differs from Latin-1; 0: no character, kept as Latin-1's control.
constexpr std::uint16_t windows_1252[32] = {0x20AC, 0,      0x201A, 0x0192, 0x201E, 0x2026, 0x2020, 0x2021,
                                            0x02C6, 0x2030, 0x0160, 0x2039, 0x0152, 0,      0x017D, 0,
                                            0,      0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014,
                                            0x02DC, 0x2122, 0x0161, 0x203A, 0x0153, 0,      0x017E, 0x0178};

std::uint32_t character_of(unsigned char byte) {
  return byte >= 0x80 && byte < 0xA0 && windows_1252[byte - 0x80] ? windows_1252[byte - 0x80] : byte;
}

// A sequence that the next piece may complete.
bool is_cut_sequence(std::string_view tail) {
  if (tail.empty() || tail.size() > 3) return false;
  const auto lead = static_cast<unsigned char>(tail[0]);
  const std::size_t length = lead >= 0xF0 && lead < 0xF5 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC2 ? 2 : 0;
  if (lead >= 0xF5 || tail.size() >= length) return false;
  return std::all_of(tail.begin() + 1, tail.end(),
                     [](char c) { return (static_cast<unsigned char>(c) & 0xC0) == 0x80; });
}

}  // namespace

struct TextSource::Gzip {
  z_stream stream{};
  Gzip() {
    if (inflateInit2(&stream, 15 + 16) != Z_OK) throw world_error("zlib cannot begin");
  }
  ~Gzip() { inflateEnd(&stream); }
  bool ended = false;
};

TextSource::TextSource(std::string name, std::string bytes)
    : name_(std::move(name)), given_(std::move(bytes)), size_(given_.size()) {}

TextSource::TextSource(const std::string& path) : name_(path) {
  if (path.empty()) throw bad_input("no file was given");
  descriptor_ = name_ == "-" ? ::dup(STDIN_FILENO) : ::open(name_.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor_ < 0) throw errno_error("open", name_, errno);
  struct stat info {};
  if (::fstat(descriptor_, &info) == 0) {
    if (S_ISDIR(info.st_mode)) {
      ::close(descriptor_);
      throw bad_input("is a folder; a file is needed", name_);
    }
    if (S_ISREG(info.st_mode)) size_ = static_cast<std::uint64_t>(info.st_size);
  }
}

TextSource::~TextSource() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

double TextSource::fraction() const {
  return size_ == 0 ? 0 : std::min(1.0, static_cast<double>(seen_) / static_cast<double>(size_));
}

std::string_view TextSource::encoding() const {
  const bool wide = form_ == Form::utf16_little || form_ == Form::utf16_big;
  if (wide) return gzip_ ? "gzip of UTF-16" : "UTF-16";
  if (foreign_ > 0) return gzip_ ? "gzip of Windows-1252" : "Windows-1252";
  return gzip_ ? "gzip of UTF-8" : "UTF-8";
}

bool TextSource::read_raw() {
  if (raw_end_) return false;
  raw_.resize(piece);
  std::size_t got = 0;
  if (descriptor_ < 0) {
    got = given_.copy(raw_.data(), piece, given_at_);
    given_at_ += got;
  } else {
    ssize_t n = 0;
    do n = ::read(descriptor_, raw_.data(), piece);
    while (n < 0 && errno == EINTR);
    if (n < 0) throw errno_error("read", name_, errno);
    got = static_cast<std::size_t>(n);
  }
  raw_.resize(got);
  seen_ += got;
  if (sha_) sha_->add(raw_);
  raw_end_ = got == 0;
  return !raw_end_;
}

bool TextSource::read_plain() {
  if (!read_raw()) {
    if (gzip_ && !gzip_->ended) throw bad_input("the gzip file is cut off", name_, "fetch it again");
    return false;
  }
  if (!begun_) {
    begun_ = true;
    if (raw_.starts_with("\x1f\x8b")) gzip_ = std::make_unique<Gzip>();
    if (raw_.starts_with("PK\x03\x04"))
      throw bad_input("is a zip archive (or a spreadsheet); text is needed", name_, "unpack it, or save it as CSV");
    if (raw_.starts_with("PAR1"))
      throw bad_input("is a Parquet file; text is needed", name_, "have the export written as CSV");
  }
  if (!gzip_) {
    if (plain_.empty()) plain_.swap(raw_);
    else plain_ += raw_;
    return true;
  }
  z_stream& s = gzip_->stream;
  s.next_in = reinterpret_cast<Bytef*>(raw_.data());
  s.avail_in = static_cast<uInt>(raw_.size());
  // A member may inflate a thousandfold, which is still bounded by the piece it came from.
  while (s.avail_in > 0) {
    if (gzip_->ended) {
      // Several members in a row are one file.
      if (inflateReset(&s) != Z_OK) throw bad_input("the gzip file is damaged", name_, "fetch it again");
      gzip_->ended = false;
    }
    const std::size_t before = plain_.size();
    plain_.resize(before + piece);
    s.next_out = reinterpret_cast<Bytef*>(plain_.data() + before);
    s.avail_out = static_cast<uInt>(piece);
    const int code = inflate(&s, Z_NO_FLUSH);
    plain_.resize(plain_.size() - s.avail_out);
    if (code == Z_STREAM_END) gzip_->ended = true;
    else if (code != Z_OK && code != Z_BUF_ERROR) throw bad_input("the gzip file is damaged", name_, "fetch it again");
  }
  return true;
}

void TextSource::find_form() {
  const auto at = [&](std::size_t i) { return static_cast<unsigned char>(plain_[i]); };
  form_ = Form::utf8;
  if (plain_.starts_with("\xEF\xBB\xBF")) {
    plain_.erase(0, 3);
  } else if (plain_.size() >= 2 && at(0) == 0xFF && at(1) == 0xFE) {
    form_ = Form::utf16_little;
    plain_.erase(0, 2);
  } else if (plain_.size() >= 2 && at(0) == 0xFE && at(1) == 0xFF) {
    form_ = Form::utf16_big;
    plain_.erase(0, 2);
  } else if (plain_.size() >= 4 && at(0) && !at(1) && at(2) && !at(3)) {
    form_ = Form::utf16_little;
  } else if (plain_.size() >= 4 && !at(0) && at(1) && !at(2) && at(3)) {
    form_ = Form::utf16_big;
  }
}

std::string_view TextSource::peek() {
  if (peeked_.empty()) {
    std::string text;
    read(text);
    peeked_ = std::move(text);
  }
  return peeked_;
}

bool TextSource::read(std::string& out) {
  if (!peeked_.empty()) {
    out += peeked_;
    peeked_.clear();
    return true;
  }
  if (decoded_end_) return false;
  const std::size_t before = out.size();
  while (out.size() == before) {
    const bool more = read_plain();
    // The marks are told apart by their first bytes.
    if (form_ == Form::unknown && (plain_.size() >= 4 || !more)) find_form();
    if (form_ != Form::unknown) decode(out, !more);
    if (!more) {
      decoded_end_ = true;
      return out.size() > before;
    }
  }
  return true;
}

void TextSource::decode(std::string& out, bool last) {
  const std::size_t before = out.size();
  if (form_ == Form::utf8) decode_utf8(out, last);
  else decode_utf16(out, last);
  if (out.find('\0', before) != std::string::npos)
    throw bad_input("holds a NUL byte; text is needed", name_, "is it the right file, and whole?");
}

void TextSource::decode_utf8(std::string& out, bool last) {
  std::string_view rest = plain_;
  for (;;) {
    const std::size_t good = valid_utf8_prefix(rest);
    out.append(rest.substr(0, good));
    rest.remove_prefix(good);
    if (rest.empty() || (!last && is_cut_sequence(rest))) break;
    append_utf8(out, character_of(static_cast<unsigned char>(rest[0])));
    ++foreign_;
    rest.remove_prefix(1);
  }
  plain_.erase(0, plain_.size() - rest.size());
}

void TextSource::decode_utf16(std::string& out, bool last) {
  const bool big = form_ == Form::utf16_big;
  const auto unit = [&](std::size_t i) {
    const auto a = static_cast<unsigned char>(plain_[i]), b = static_cast<unsigned char>(plain_[i + 1]);
    return static_cast<std::uint32_t>(big ? a << 8 | b : b << 8 | a);
  };
  std::size_t at = 0;
  for (; at + 2 <= plain_.size(); at += 2) {
    const std::uint32_t c = unit(at);
    if (c < 0xD800 || c >= 0xE000) {
      append_utf8(out, c);
      continue;
    }
    if (c < 0xDC00 && at + 4 > plain_.size() && !last) break;
    const std::uint32_t low = c < 0xDC00 && at + 4 <= plain_.size() ? unit(at + 2) : 0;
    if (low < 0xDC00 || low >= 0xE000) throw bad_input("UTF-16 with half a character", name_, "save it as UTF-8");
    append_utf8(out, 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00));
    at += 2;
  }
  plain_.erase(0, at);
  if (last && !plain_.empty()) throw bad_input("UTF-16 that ends within a character", name_, "fetch it again");
}

}  // namespace wattline::ledger::imports
