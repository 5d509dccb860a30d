// Where the kernel's files lie, so that everything that reads them can be tested on a made-up tree.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace wattline::meter {

struct Roots {
  std::filesystem::path sys = "/sys";
  std::filesystem::path proc = "/proc";  // for what describes the machine; processes are always the real ones

  // WATTLINE_SYSFS_ROOT and WATTLINE_PROCFS_ROOT, where set, replace /sys and /proc.
  static Roots from_environment();
};

// The first `limit` bytes of a file of /proc or /sys (whose stated sizes mean nothing); nothing when it
// cannot be read, with errno left as the kernel set it.
std::optional<std::string> read_small_file(const std::filesystem::path&, std::size_t limit = 16384);

}  // namespace wattline::meter
