#include "meter/roots.h"

#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <unistd.h>

namespace wattline::meter {

Roots Roots::from_environment() {
  Roots roots;
  if (const char* sys = std::getenv("WATTLINE_SYSFS_ROOT"); sys && *sys) roots.sys = sys;
  if (const char* proc = std::getenv("WATTLINE_PROCFS_ROOT"); proc && *proc) roots.proc = proc;
  if (const char* dev = std::getenv("WATTLINE_DEV_ROOT"); dev && *dev) roots.dev = dev;
  if (const char* config = std::getenv("WATTLINE_METER_CONFIG"); config && *config) {
    roots.configuration = {config};
    return roots;
  }
  if (const char* xdg = std::getenv("XDG_CONFIG_HOME"); xdg && *xdg)
    roots.configuration.push_back(std::filesystem::path(xdg) / "wattline/config.toml");
  else if (const char* home = std::getenv("HOME"); home && *home)
    roots.configuration.push_back(std::filesystem::path(home) / ".config/wattline/config.toml");
  roots.configuration.emplace_back("/etc/wattline/config.toml");
  return roots;
}

std::optional<std::string> read_small_file(const std::filesystem::path& path, std::size_t limit) {
  // A named pipe in the place of a file must not hang us.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return std::nullopt;
  std::string text;
  char buffer[4096];
  while (text.size() < limit) {
    const ssize_t n = ::read(fd, buffer, std::min(sizeof buffer, limit - text.size()));
    if (n > 0) {
      text.append(buffer, static_cast<std::size_t>(n));
    } else if (n == 0) {
      break;
    } else if (errno != EINTR) {
      const int why = errno;
      ::close(fd);
      errno = why;
      return std::nullopt;
    }
  }
  ::close(fd);
  return text;
}

}  // namespace wattline::meter
