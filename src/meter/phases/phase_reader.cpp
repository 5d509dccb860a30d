#include "meter/phases/phase_reader.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/utf8.h"

namespace wattline::meter {
namespace {

constexpr std::size_t longest_line = 1024;

}  // namespace

PhaseReader::PhaseReader() {
  if (::pipe2(pipe_, O_CLOEXEC) != 0) throw errno_error("make", "a pipe for phases", errno);
  if (::pipe2(wake_, O_CLOEXEC) != 0) {
    const int why = errno;
    for (const int fd : pipe_) ::close(fd);
    throw errno_error("make", "a pipe for phases", why);
  }
  // Our end alone: a program that writes to its own waits for room as on any pipe.
  ::fcntl(pipe_[0], F_SETFL, O_NONBLOCK);
}

PhaseReader::~PhaseReader() {
  if (thread_.joinable()) stop();
  for (const int fd : {pipe_[0], pipe_[1], wake_[0], wake_[1]}) ::close(fd);
}

std::vector<std::pair<std::string, std::string>> PhaseReader::environment() const {
  struct stat there {};
  ::fstat(pipe_[1], &there);
  return {{"WATTLINE_PHASE_FD", std::to_string(pipe_[1])},
          {"WATTLINE_PHASE_INODE", std::to_string(there.st_ino)},
          {"WATTLINE_PHASE_FILE", fmt::format("/proc/{}/fd/{}", ::getpid(), pipe_[1])}};
}

void PhaseReader::start(std::function<Time()> clock, std::function<void()> marked) {
  clock_ = std::move(clock);
  marked_ = std::move(marked);
  begin_ = clock_();
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  thread_ = std::thread([this] { run(); });
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void PhaseReader::run() {
  for (int after_the_end = 0; after_the_end < 64;) {
    pollfd ready[2] = {{pipe_[0], POLLIN, 0}, {wake_[0], POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
    // Readings are taken at marks that are kept, of which there is a most, and not at whatever is written.
    const std::size_t had = marks_.events.size();
    const bool any = take_what_is_there();
    if (marks_.events.size() > had) marked_();
    if (ready[1].revents == 0) continue;
    if (!any) return;
    ++after_the_end;  // whoever outlives the command may write for ever
  }
}

bool PhaseReader::take_what_is_there() {
  std::array<char, 65536> buffer;
  const ssize_t n = ::read(pipe_[0], buffer.data(), buffer.size());
  if (n <= 0) return false;
  const Instant now = this_instant();
  std::string_view rest(buffer.data(), static_cast<std::size_t>(n));
  while (!rest.empty()) {
    const auto stop = rest.find('\n');
    const std::string_view piece = rest.substr(0, stop);
    if (!skipping_) pending_.append(piece.substr(0, longest_line + 1 - std::min(pending_.size(), longest_line)));
    skipping_ = skipping_ || pending_.size() > longest_line;
    if (stop == rest.npos) break;
    take(pending_, now);
    pending_.clear();
    skipping_ = false;
    rest.remove_prefix(stop + 1);
  }
  return true;
}

PhaseReader::Instant PhaseReader::this_instant() const {
  // Both clocks at once: whoever loses the processor in between tries again.
  Instant out;
  for (int tries = 0; tries < 10; ++tries) {
    const std::int64_t before = monotonic_ns();
    out.time = clock_();
    out.monotonic = monotonic_ns();
    if (out.monotonic - before < 50'000) break;
  }
  return out;
}

void PhaseReader::take(std::string_view line, const Instant& now) {
  if (line.find_first_not_of(" \t\r") == line.npos) return;
  auto read = parse_phase_line(line);
  if (!read) {
    if (marks_.garbage++ == 0) marks_.first_garbage = shown_text(line, 60);
    return;
  }
  if (marks_.events.size() == most_marks) {
    ++marks_.dropped;
    return;
  }
  Time at = now.time;
  if (read->seconds) {
    const Duration age(static_cast<double>(now.monotonic) * 1e-9 - *read->seconds);
    // A stamp is from a little before it is read.
    if (age > Duration(-0.001) && (now.time - begin_) >= age)
      at = std::min(now.time, Time{now.time.ns - static_cast<std::int64_t>(age.base() * 1e9)});
    else ++marks_.mistimed;
  }
  marks_.events.push_back({read->verb, std::move(read->name), at});
}

PhaseMarks PhaseReader::stop() {
  [[maybe_unused]] const auto n = ::write(wake_[1], "q", 1);
  if (thread_.joinable()) thread_.join();
  // A mark without a line end was cut off or written by printf without one.
  if (!pending_.empty() && !skipping_) take(pending_, this_instant());
  return std::move(marks_);
}

}  // namespace wattline::meter
