// The access log: one JSON object a line for each request, written by a thread of its own, so that no
// request waits for a disk. Safe from any thread. docs/formats/access-log.md lists the members.
//
// The file is opened anew when another stands at its place (a rotation by rename), on reopen() (SIGHUP), and
// when it has grown over `rotate_size`: then it becomes FILE.1, the one before FILE.2, up to `keep`. What
// cannot be written waits up to 8 MiB; what is over that is counted, and the count is said in the log.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "serve/config.h"
#include "serve/request_info.h"

namespace wattline::serve {

// The line of a request, with its line break. `version` is the configuration's.
void append_access_line(std::string& out, const RequestInfo&, std::string_view version);

class AccessLog {
 public:
  // Error world: the file cannot be opened. `log` gets what goes wrong later.
  AccessLog(const AccessLogConfig&, std::function<void(std::string_view)> log);
  ~AccessLog();
  AccessLog(const AccessLog&) = delete;
  AccessLog& operator=(const AccessLog&) = delete;

  bool wants_prompts() const { return config_.prompts; }
  void write(const RequestInfo&, std::string_view version);
  // The file is opened anew before the next line.
  void reopen();
  // Writes what waits and ends the thread.
  void close();

  std::uint64_t lines() const { return lines_.load(); }
  std::uint64_t lost() const { return lost_.load(); }

 private:
  void run();
  void open();
  void rotate();
  void check_file();
  bool write_all(std::string_view);
  void say(const std::string&);

  AccessLogConfig config_;
  std::function<void(std::string_view)> log_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::string waiting_;
  bool closing_ = false, reopen_ = false;
  std::atomic<std::uint64_t> lines_{0}, lost_{0};
  // Of the writing thread.
  int fd_ = -1;
  std::uint64_t size_ = 0, lost_said_ = 0;
  bool failing_ = false;
  std::thread thread_;
};

}  // namespace wattline::serve
