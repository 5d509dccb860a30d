#include "meter/agent/startup_pages.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <string_view>

#include <sys/mman.h>

#include "meter/roots.h"

namespace wattline::meter {

void let_go_of_startup_pages() {
  const auto maps = read_small_file("/proc/self/maps", std::size_t{1} << 20);
  if (!maps) return;
  // "55d0c0a00000-55d0c0c00000 r-xp 00002000 fe:00 123   /usr/bin/wattline"
  for (std::string_view text = *maps; !text.empty();) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.find(" r-xp ") == line.npos || line.find('/') == line.npos) continue;
    std::uintptr_t begin = 0, end = 0;
    const char* const last = line.data() + line.size();
    const auto first = std::from_chars(line.data(), last, begin, 16);
    if (first.ec != std::errc() || first.ptr == last || *first.ptr != '-') continue;
    if (std::from_chars(first.ptr + 1, last, end, 16).ec != std::errc() || end <= begin) continue;
    ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED);
  }
}

}  // namespace wattline::meter
