#include "serve/sse.h"

namespace wattline::serve {

bool SseParser::push(std::string_view bytes) {
  if (event_begin_ > 0) {
    buffer_.erase(0, event_begin_);
    line_begin_ -= event_begin_;
    scanned_ -= event_begin_;
    const std::size_t moved = event_begin_;
    for (Span* s : {&name_, &data_}) s->begin -= std::min(s->begin, moved);
    event_begin_ = 0;
  }
  buffer_ += bytes;
  // Complete events leave by next(); only what is still open counts against the limit.
  return buffer_.size() <= limit_ + bytes.size();
}

void SseParser::take_line(std::string_view line) {
  const std::size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value;
  if (colon != std::string_view::npos) {
    value = line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  }
  const Span span{static_cast<std::size_t>(value.data() ? value.data() - buffer_.data() : 0), value.size()};
  if (field == "data") {
    if (!has_data_) {
      data_ = span;
      has_data_ = true;
    } else {
      if (!joined_) joined_data_.assign(buffer_, data_.begin, data_.size);
      joined_ = true;
      joined_data_ += '\n';
      joined_data_ += value;
    }
  } else if (field == "event") {
    name_ = span;
  }
}

std::optional<SseParser::Event> SseParser::next() {
  if (!started_) {
    name_ = data_ = Span{};
    has_data_ = joined_ = false;
    started_ = true;
  }
  while (true) {
    const std::size_t end = buffer_.find_first_of("\r\n", scanned_);
    if (end == std::string::npos) {
      scanned_ = buffer_.size();
      return std::nullopt;
    }
    std::size_t after = end + 1;
    if (buffer_[end] == '\r') {
      // Whether LF follows is not known before it comes.
      if (after == buffer_.size()) {
        scanned_ = end;
        return std::nullopt;
      }
      if (buffer_[after] == '\n') ++after;
    }
    const std::string_view line = std::string_view(buffer_).substr(line_begin_, end - line_begin_);
    line_begin_ = scanned_ = after;
    if (!line.empty()) {
      take_line(line);
      continue;
    }
    const std::string_view all(buffer_);
    Event event;
    event.raw = all.substr(event_begin_, after - event_begin_);
    event.name = all.substr(name_.begin, name_.size);
    event.has_data = has_data_;
    if (has_data_) event.data = joined_ ? std::string_view(joined_data_) : all.substr(data_.begin, data_.size);
    event_begin_ = after;
    started_ = false;
    return event;
  }
}

}  // namespace wattline::serve
