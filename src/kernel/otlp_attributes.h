// The members of an "attributes" list of the OpenTelemetry protocol in JSON: written after the list's '['.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "kernel/json.h"

namespace wattline {

class OtlpAttributes {
 public:
  explicit OtlpAttributes(std::string& out) : out_(out) {}
  void text(std::string_view name, std::string_view value) {
    if (value.empty()) return;
    begin(name);
    out_ += "{\"stringValue\":";
    append_json_string(out_, value);
    out_ += "}}";
  }
  void number(std::string_view name, double value) {
    begin(name);
    out_ += "{\"doubleValue\":" + shortest(value) + "}}";
  }
  // 64-bit integers are texts in the protocol's JSON.
  void integer(std::string_view name, std::int64_t value) {
    begin(name);
    out_ += "{\"intValue\":\"" + std::to_string(value) + "\"}}";
  }
  void flag(std::string_view name, bool value) {
    begin(name);
    out_ += value ? "{\"boolValue\":true}}" : "{\"boolValue\":false}}";
  }
  void list(std::string_view name, std::string_view value) {
    begin(name);
    out_ += "{\"arrayValue\":{\"values\":[{\"stringValue\":";
    append_json_string(out_, value);
    out_ += "}]}}}";
  }

 private:
  void begin(std::string_view name) {
    if (out_.back() != '[') out_ += ',';
    out_ += "{\"key\":\"";
    out_ += name;
    out_ += "\",\"value\":";
  }
  std::string& out_;
};

}  // namespace wattline
