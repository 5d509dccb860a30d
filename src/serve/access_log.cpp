#include "serve/access_log.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/json.h"

namespace wattline::serve {
namespace {

constexpr std::size_t most_waiting = std::size_t{8} << 20, write_at = std::size_t{64} << 10;
constexpr std::size_t longest_prompt = std::size_t{16} << 10;
constexpr auto period = std::chrono::milliseconds(200);

void text(std::string& out, std::string_view name, std::string_view value) {
  out += ",\"";
  out += name;
  out += "\":";
  append_json_string(out, value);
}
template <class N>
void number(std::string& out, std::string_view name, N value) {
  fmt::format_to(std::back_inserter(out), ",\"{}\":{}", name, value);
}

void figure(std::string& out, std::string_view name, double value) {
  out += ",\"";
  out += name;
  out += "\":";
  append_short_number(out, value);
}

void append_answer(std::string& out, const Answer& a) {
  const Basis& b = *a.basis;
  text(out, "answer_id", a.id);
  text(out, "model", b.model);
  text(out, "upstream", b.upstream);
  text(out, "outcome", to_string(a.status));
  number(out, "streamed", a.streamed);
  number(out, "tokens_in", a.tokens_in);
  number(out, "tokens_out", a.tokens_out);
  if (a.first_token) figure(out, "ttft_ms", a.first_token->in(units::ms));
  figure(out, "energy_j", a.joules.value);
  text(out, "energy_method", to_string(b.energy.method));
  figure(out, "carbon_mgco2e", a.carbon.value);
  figure(out, "water_ml", a.water.value);
  if (!a.finish_reason.empty()) text(out, "finish_reason", a.finish_reason);
  if (a.cache != CacheUse::none) text(out, "cache", to_string(a.cache));
  if (a.look && a.look->similarity > 0) figure(out, "similarity", a.look->similarity);
  if (a.repeats()) figure(out, "saved_j", a.saved.value);
  if (!a.error.empty()) text(out, "error", a.error);
}

}  // namespace

void append_access_line(std::string& out, const RequestInfo& r, std::string_view version) {
  out += "{\"time\":\"";
  out += to_string(r.begin, 3);
  out += '"';
  text(out, "request_id", r.id);
  out += ",\"trace_id\":\"";
  append_hex(out, r.context.trace.data(), r.context.trace.size());
  out += '"';
  text(out, "client", r.client);
  text(out, "method", r.method);
  text(out, "path", r.path);
  number(out, "status", r.status);
  figure(out, "duration_ms", (r.end - r.begin).in(units::ms));
  number(out, "bytes_in", r.bytes_in);
  number(out, "bytes_out", r.bytes_out);
  if (!r.tenant.empty()) text(out, "tenant", r.tenant);
  if (!r.key.empty()) text(out, "key", r.key);
  if (!r.answers.empty()) append_answer(out, *r.answers.back());
  if (r.answers.size() > 1) number(out, "tries", r.answers.size());
  if (!r.prompt.empty()) {
    text(out, "prompt", std::string_view(r.prompt).substr(0, longest_prompt));
    if (r.prompt.size() > longest_prompt) number(out, "prompt_bytes", r.prompt.size());
  }
  if (!version.empty()) text(out, "config", version);
  out += "}\n";
}

AccessLog::AccessLog(const AccessLogConfig& config, std::function<void(std::string_view)> log)
    : config_(config), log_(std::move(log)) {
  open();
  if (fd_ < 0) throw errno_error("open the access log", config_.file, errno);
  thread_ = std::thread([this] { run(); });
}

AccessLog::~AccessLog() { close(); }

void AccessLog::close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
  if (fd_ > 2) ::close(fd_);
  fd_ = -1;
}

void AccessLog::open() {
  if (config_.file == "stderr") {
    fd_ = 2;
    return;
  }
  fd_ = ::open(config_.file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  struct stat s {};
  size_ = fd_ >= 0 && ::fstat(fd_, &s) == 0 ? static_cast<std::uint64_t>(s.st_size) : 0;
}

void AccessLog::write(const RequestInfo& r, std::string_view version) {
  thread_local std::string line;
  line.clear();
  append_access_line(line, r, version);
  bool wake = false;
  {
    std::lock_guard lock(mutex_);
    if (waiting_.size() + line.size() > most_waiting || closing_) {
      lost_.fetch_add(1);
      return;
    }
    const std::size_t before = waiting_.size();
    waiting_ += line;
    wake = before < write_at && waiting_.size() >= write_at;
  }
  lines_.fetch_add(1, std::memory_order_relaxed);
  if (wake) wake_.notify_one();
}

void AccessLog::reopen() {
  {
    std::lock_guard lock(mutex_);
    reopen_ = true;
  }
  wake_.notify_one();
}

void AccessLog::say(const std::string& words) {
  if (log_) log_(words);
}

// Whether the file is still the one at its place.
void AccessLog::check_file() {
  if (config_.file == "stderr") return;
  struct stat ours = {};
  struct stat there = {};
  const bool same = fd_ >= 0 && ::fstat(fd_, &ours) == 0 && ::stat(config_.file.c_str(), &there) == 0 &&
                    ours.st_ino == there.st_ino && ours.st_dev == there.st_dev;
  if (same) return;
  if (fd_ >= 0) ::close(fd_);
  open();
}

void AccessLog::rotate() {
  const auto name = [&](std::int64_t n) { return n == 0 ? config_.file : fmt::format("{}.{}", config_.file, n); };
  for (std::int64_t n = config_.keep; n > 0; --n) std::rename(name(n - 1).c_str(), name(n).c_str());
  if (config_.keep == 0) std::remove(config_.file.c_str());
  ::close(fd_);
  open();
}

bool AccessLog::write_all(std::string_view lines) {
  while (!lines.empty()) {
    const auto n = fd_ < 0 ? -1 : ::write(fd_, lines.data(), lines.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    size_ += static_cast<std::uint64_t>(n);
    lines.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void AccessLog::run() {
  std::string lines;
  bool last = false;
  while (!last) {
    bool anew = false;
    {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, period, [&] { return closing_ || reopen_ || waiting_.size() >= write_at; });
      last = closing_;
      anew = std::exchange(reopen_, false);
      lines.clear();
      lines.swap(waiting_);
    }
    if (anew && fd_ > 2) {
      ::close(fd_);
      open();
    }
    if (lines.empty()) continue;
    check_file();
    if (!write_all(lines)) {
      const auto n = static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
      lost_.fetch_add(n);
      if (!std::exchange(failing_, true))
        say(fmt::format("the access log {} cannot be written: {}; requests go on, their lines are lost", config_.file,
                        std::generic_category().message(errno)));
    } else if (std::exchange(failing_, false)) {
      say(fmt::format("the access log {} is written again", config_.file));
    }
    if (const auto lost = lost_.load(); lost != lost_said_ && !failing_) {
      say(fmt::format("{} lines of the access log were lost, {} in all", lost - lost_said_, lost));
      lost_said_ = lost;
    }
    if (config_.rotate_size.base() > 0 && static_cast<double>(size_) >= config_.rotate_size.base() && fd_ > 2) rotate();
  }
}

}  // namespace wattline::serve
