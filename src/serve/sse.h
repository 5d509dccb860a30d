// Server-sent events, taken apart as bytes arrive (HTML living standard, 9.2.6).
//
// Each event keeps its bytes as they came, so that a proxy can hand them on unchanged. Lines end in
// LF, CR LF or CR, whatever the chunks: one byte at a time gives the same events as all at once.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wattline::serve {

class SseParser {
 public:
  struct Event {
    std::string_view raw;  // with its blank line
    std::string_view name;  // of "event:", "" for the default
    std::string_view data;  // "data:" lines joined by LF
    bool has_data = false;  // false for comments and bare ids
  };

  explicit SseParser(std::size_t limit = std::size_t{4} << 20) : limit_(limit) {}

  // Takes more bytes. False when the event under way is over the limit: the stream is unusable.
  [[nodiscard]] bool push(std::string_view bytes);
  // The next complete event; its views hold until the next call of push or next.
  std::optional<Event> next();
  // Bytes of an event that has begun and not ended. Not empty at end of stream: it was cut.
  std::string_view rest() const { return std::string_view(buffer_).substr(event_begin_); }

 private:
  void take_line(std::string_view line);

  std::size_t limit_;
  std::string buffer_;
  std::size_t event_begin_ = 0;  // of the event under way
  std::size_t line_begin_ = 0;  // of the line under way
  std::size_t scanned_ = 0;  // nothing before here ends a line

  // The event under way. Offsets, as the buffer may move while it is incomplete.
  struct Span {
    std::size_t begin = 0, size = 0;
  };
  Span name_, data_;
  bool has_data_ = false, joined_ = false, started_ = false;
  std::string joined_data_;
};

}  // namespace wattline::serve
