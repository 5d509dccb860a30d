// Chance that a seed decides wholly, quick and small: SplitMix64 (Steele, Lea, Flood 2014).
#pragma once

#include <cstdint>

namespace wattline::serve {

inline std::uint64_t next_random(std::uint64_t& state) {
  std::uint64_t z = (state += 0x9e3779b97f4a7c15u);
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}
// Evenly in [0, 1).
inline double chance_of(std::uint64_t& state) { return static_cast<double>(next_random(state) >> 11) * 0x1p-53; }

}  // namespace wattline::serve
