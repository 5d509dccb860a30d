#include "meter/attribution/environment_job.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace wattline::meter {
namespace {

constexpr std::size_t most_read = std::size_t{1} << 16;
constexpr std::string_view variables[] = {"SLURM_JOB_ID=", "SLURM_JOBID="};

}  // namespace

std::string parse_environment_job(std::string_view environment) {
  while (true) {
    const auto end = environment.find('\0');
    if (end == environment.npos) return {};
    const auto entry = environment.substr(0, end);
    environment.remove_prefix(end + 1);
    for (const auto name : variables) {
      if (!entry.starts_with(name)) continue;
      const auto number = entry.substr(name.size());
      const bool digits = std::all_of(number.begin(), number.end(), [](char c) { return c >= '0' && c <= '9'; });
      if (!number.empty() && number.size() <= 19 && digits && number[0] != '0') return std::string(number);
    }
  }
}

std::string read_environment_job(const Roots& roots, int pid) {
  const int fd =
      ::open((roots.proc / std::to_string(pid) / "environ").c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0) return {};
  // The kernel gives a page at a time, and most environments are smaller.
  std::vector<char> text(8192);
  std::size_t size = 0, looked_at = 0;
  std::string job;
  while (job.empty() && size < most_read) {
    if (size == text.size()) {
      std::vector<char> larger(std::min(2 * text.size(), most_read));
      std::copy(text.begin(), text.end(), larger.begin());
      ::explicit_bzero(text.data(), text.size());
      text.swap(larger);
    }
    const ssize_t n = ::read(fd, text.data() + size, text.size() - size);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
    const std::string_view fresh(text.data() + looked_at, size - looked_at);
    job = parse_environment_job(fresh);
    if (const auto last = fresh.rfind('\0'); last != fresh.npos) looked_at += last + 1;
  }
  ::close(fd);
  ::explicit_bzero(text.data(), size);
  return job;
}

}  // namespace wattline::meter
