// The target of a request line ("/api/v1/answers?limit=5") as path and query.
//
// Only the origin form is taken (RFC 9112, section 3.2.1). Percent escapes are decoded once; a NUL,
// a broken escape, or a path that climbs ("/../") is refused, so that no handler has to look again.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace wattline::serve {

struct RequestTarget {
  std::string path;  // decoded, begins with '/'
  std::map<std::string, std::string> query;  // decoded; the last of repeated names wins
};

// Nothing when the target is malformed: a value, as this is on the request path.
std::optional<RequestTarget> parse_target(std::string_view target);

// "%41" -> "A"; '+' is a space where `plus_is_space`. Nothing when an escape is broken.
std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space);

}  // namespace wattline::serve
