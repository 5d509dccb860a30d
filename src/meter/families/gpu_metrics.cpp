#include "meter/families/gpu_metrics.h"

#include <cstddef>
#include <cstdint>

namespace wattline::meter {
namespace {

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t size) {
  std::uint64_t out = 0;
  for (std::size_t i = size; i-- > 0;) out = out << 8 | static_cast<unsigned char>(bytes[at + i]);
  return out;
}

struct Layout {
  std::size_t energy, power;
};
std::optional<Layout> layout_of(unsigned content, bool mi200) {
  switch (content) {
    case 1:
    case 2:
    case 3: return mi200 ? std::optional(Layout{24, 22}) : std::nullopt;
    case 4: return Layout{24, 10};
    case 5: return Layout{88, 10};
    case 6: return Layout{16, 10};
    case 7:
    case 8: return Layout{24, 10};
    default: return std::nullopt;
  }
}

}  // namespace

std::optional<GpuMetrics> parse_gpu_metrics(std::string_view bytes, bool mi200) {
  if (bytes.size() < 4) return std::nullopt;
  const std::size_t size = little_endian(bytes, 0, 2);
  const auto format = little_endian(bytes, 2, 1), content = little_endian(bytes, 3, 1);
  const auto layout = format == 1 ? layout_of(static_cast<unsigned>(content), mi200) : std::nullopt;
  if (!layout || size > bytes.size() || layout->energy + 8 > size) return std::nullopt;
  const std::uint64_t units = little_endian(bytes, layout->energy, 8);
  if (units == 0 || units == UINT64_MAX) return std::nullopt;
  GpuMetrics out;
  out.joules = static_cast<double>(units) * gpu_metrics_joule_step;
  if (const auto watts = little_endian(bytes, layout->power, 2); watts != UINT16_MAX)
    out.watts = static_cast<double>(watts);
  return out;
}

}  // namespace wattline::meter
