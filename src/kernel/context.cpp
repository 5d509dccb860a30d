#include "kernel/context.h"

#include <fmt/format.h>

#include "kernel/error.h"

namespace wattline {

void Context::check_cancelled() const {
  if (stop.stop_requested()) throw Error(ErrorKind::cancelled, "cancelled");
}

std::mt19937_64 Context::random(std::string_view purpose) const {
  // FNV-1a: stable across runs and machines, which std::hash does not promise.
  std::uint64_t h = 14695981039346656037ull;
  for (unsigned char c : purpose) h = (h ^ c) * 1099511628211ull;
  std::seed_seq mixed{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32),
                      static_cast<std::uint32_t>(h), static_cast<std::uint32_t>(h >> 32)};
  return std::mt19937_64(mixed);
}

void Context::missing_part(const char* type) {
  // A capability was run without what its room needs: a fault in the wiring of `app`.
  throw std::logic_error(fmt::format("context holds no {}", type));
}

}  // namespace wattline
