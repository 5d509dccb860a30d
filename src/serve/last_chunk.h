// What Beast's parser must not be shown. Of a chunked body it keeps in mind that the header of the last chunk came ("0\r\n"),
// takes none of it before the trailer is whole, and asserts that it then sees the shortest end there is, five bytes:
// without care one that comes byte by byte would end the process.
#pragma once

#include <cstddef>

namespace wattline::serve {

// Whether to wait for more: `waiting` bytes, the first `kept` of which the parser did not take before. No body ends
// within so few.
inline bool too_short_for_last_chunk(bool header_done, std::size_t kept, std::size_t waiting) {
  constexpr std::size_t shortest_end = 5;  // "0\r\n\r\n"
  return header_done && kept > 0 && waiting < shortest_end;
}

}  // namespace wattline::serve
