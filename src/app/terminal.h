// The terminal: its width, whether it shows Unicode, and a progress bar that cleans up after itself.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>

#include "kernel/unicode_locale.h"

namespace wattline::app {

int terminal_width(int fd, int fallback = 100);
bool is_terminal(int fd);

// One line on stderr, redrawn at most ten times a second and wiped at the end; silent elsewhere.
// From any thread.
class ProgressBar {
 public:
  ProgressBar();
  ~ProgressBar();
  void show(double fraction, std::string_view what);
  void log(std::string_view line);  // above the bar
  void clear();

 private:
  void wipe();

  std::mutex mutex_;
  bool active_;
  bool drawn_ = false;
  std::int64_t started_ns_, last_ns_ = 0;
};

}  // namespace wattline::app
