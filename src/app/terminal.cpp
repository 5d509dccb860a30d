#include "app/terminal.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "kernel/time.h"
#include "kernel/units.h"

namespace wattline::app {

int terminal_width(int fd, int fallback) {
  winsize size{};
  if (::isatty(fd) && ::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 20) return std::min<int>(size.ws_col, 160);
  return fallback;
}

bool is_terminal(int fd) { return ::isatty(fd) != 0; }

ProgressBar::ProgressBar() : active_(is_terminal(STDERR_FILENO)), started_ns_(monotonic_ns()) {}
ProgressBar::~ProgressBar() { clear(); }

void ProgressBar::show(double fraction, std::string_view what) {
  const std::int64_t now = monotonic_ns();
  std::lock_guard lock(mutex_);
  if (!active_ || now - last_ns_ < 100'000'000) return;
  last_ns_ = now;
  fraction = std::clamp(fraction, 0.0, 1.0);
  const double seconds = static_cast<double>(now - started_ns_) * 1e-9;
  std::string left;
  if (fraction > 0.01)
    left = ", " + format_quantity(seconds * (1 - fraction) / fraction, Duration::dimension, 2) + " left";
  const int cells = 24, full = static_cast<int>(fraction * cells);
  std::string bar;
  for (int i = 0; i < cells; ++i) bar += i < full ? "█" : "·";
  std::fputs(fmt::format("\r\x1b[K{} {:3.0f} % {}{}", bar, fraction * 100, what.substr(0, 60), left).c_str(), stderr);
  std::fflush(stderr);
  drawn_ = true;
}

void ProgressBar::log(std::string_view line) {
  std::lock_guard lock(mutex_);
  wipe();
  std::fputs(fmt::format("{}\n", line).c_str(), stderr);
}

void ProgressBar::clear() {
  std::lock_guard lock(mutex_);
  wipe();
}

void ProgressBar::wipe() {
  if (!drawn_) return;
  std::fputs("\r\x1b[K", stderr);
  std::fflush(stderr);
  drawn_ = false;
}

}  // namespace wattline::app
