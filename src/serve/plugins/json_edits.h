// Changes at places of a JSON text, whose rest is copied as it is, and a walk over the members of an object that tells
// where they stand. The text must be valid JSON; on other text both end and stay inside.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "serve/json_span.h"

namespace wattline::serve {

class JsonEdits {
 public:
  void replace(Span at, std::string text) { all_.push_back({at, std::move(text)}); }
  void insert(std::size_t at, std::string text) { all_.push_back({{at, 0}, std::move(text)}); }
  bool empty() const { return all_.empty(); }
  // One that begins inside of what another replaces is left out.
  std::string apply(std::string_view text);

 private:
  struct Edit {
    Span at;
    std::string text;
  };
  std::vector<Edit> all_;
};

struct RawMember {
  std::string key;  // decoded
  std::string_view whole, value;  // slices of the object
};
// Empty of what is no object.
std::vector<RawMember> raw_members(std::string_view object);

// A text as a JSON string.
std::string json_quoted(std::string_view text);

}  // namespace wattline::serve
