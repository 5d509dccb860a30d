// Where the kernel's files lie, so that everything that reads them can be tested on a made-up tree.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::meter {

struct Roots {
  std::filesystem::path sys = "/sys";
  std::filesystem::path proc = "/proc";  // for what describes the machine; processes are always the real ones
  std::filesystem::path dev = "/dev";
  // Files with [[meter.source]] tables (docs/formats/meter-sources.md), strongest first; those that are missing are
  // passed over.
  std::vector<std::filesystem::path> configuration{};

  // The running machine itself, and no made-up tree: only then are system calls made that name no file.
  bool real() const { return sys == "/sys"; }

  // WATTLINE_SYSFS_ROOT, WATTLINE_PROCFS_ROOT and WATTLINE_DEV_ROOT, where set, replace /sys, /proc and /dev.
  // Configuration: the file that WATTLINE_METER_CONFIG names, else the user's config.toml and /etc/wattline/config.toml.
  // Never a file of the folder one works in: which meters a machine has is no matter of a project, and a folder must
  // not make the program ask URLs with the user's keys.
  static Roots from_environment();
};

// The first `limit` bytes of a file of /proc or /sys (whose stated sizes mean nothing); nothing when it
// cannot be read, with errno left as the kernel set it.
std::optional<std::string> read_small_file(const std::filesystem::path&, std::size_t limit = 16384);

}  // namespace wattline::meter
