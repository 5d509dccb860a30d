// A key or password: it can be handed on, and nothing prints it.
#pragma once

#include <string>
#include <utility>

namespace wattline {

// A value that must not be printed.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  bool empty() const { return value_.empty(); }
  const std::string& reveal() const { return value_; }

 private:
  std::string value_;
};

}  // namespace wattline
