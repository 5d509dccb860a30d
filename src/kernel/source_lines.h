// Where the values of a document stand: a tree beside the Json that was read, of the same shape.
#pragma once

#include <cstdint>
#include <vector>

namespace wattline {

struct SourceLines {
  std::uint32_t line = 0;  // from 1; 0 is not known
  std::vector<SourceLines> parts;  // of an array's elements or an object's members, in their order
};

}  // namespace wattline
