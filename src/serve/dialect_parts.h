// The content of a chat message while it is gathered: one text is told as a string, as every server reads
// it, anything else as parts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/json.h"

namespace wattline::serve {

class ContentParts {
 public:
  // `quoted`: a JSON string as it was written.
  void add_text(std::string_view quoted) {
    if (parts_.empty()) first_text_ = quoted;
    parts_.push_back("{\"type\":\"text\",\"text\":" + std::string(quoted) + "}");
  }
  void add_plain_text(std::string_view text) {
    std::string quoted;
    append_json_string(quoted, text);
    add_text(quoted);
  }
  void add_image(std::string_view url, std::string_view detail = {}) {
    JsonWriter w;
    w.begin_object().member("type", "image_url").key("image_url").begin_object().member("url", url);
    if (!detail.empty()) w.member("detail", detail);
    w.end_object().end_object();
    add(w.take());
  }
  void add_file(std::string_view name, std::string_view data_url) {
    JsonWriter w;
    w.begin_object().member("type", "file").key("file").begin_object();
    w.member("filename", name).member("file_data", data_url).end_object().end_object();
    add(w.take());
  }
  void add(std::string part) { parts_.push_back(std::move(part)); }
  void add_all(ContentParts&& more) {
    if (parts_.empty()) first_text_ = std::move(more.first_text_);
    for (auto& p : more.parts_) parts_.push_back(std::move(p));
  }
  bool empty() const { return parts_.empty(); }
  void write(JsonWriter& w) const {
    if (parts_.empty()) {
      w.value("");
    } else if (parts_.size() == 1 && !first_text_.empty()) {
      w.raw(first_text_);
    } else {
      w.begin_array();
      for (const auto& p : parts_) w.raw(p);
      w.end_array();
    }
  }

 private:
  std::vector<std::string> parts_;
  std::string first_text_;  // quoted; "" when the first part is no text
};

}  // namespace wattline::serve
