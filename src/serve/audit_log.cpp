#include "serve/audit_log.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/json.h"
#include "serve/digest.h"

namespace wattline::serve {
namespace {

constexpr std::size_t longest_line = 64 * 1024;
const std::string first_link(64, '0');

// What one line says of the chain; nothing when it is no line of an audit log.
struct Link {
  std::int64_t seq = 0;
  std::string prev, hash, action, torn;
  bool holds = false;  // its hash is that of its text
};
std::optional<Link> read_link(std::string_view line) {
  const auto cut = line.rfind(",\"hash\":\"");
  if (cut == std::string_view::npos || line.size() > longest_line) return std::nullopt;
  try {
    const Json j = parse_json(line);
    Link out;
    const Json* seq = j.find("seq");
    if (!seq || !seq->is_integer()) return std::nullopt;
    out.seq = seq->as_integer();
    out.prev = j.text_or("prev", "");
    out.hash = j.text_or("hash", "");
    out.action = j.text_or("action", "");
    if (const Json* detail = j.find("detail"); detail && detail->is_object()) out.torn = detail->text_or("sha256", "");
    if (out.prev.size() != 64 || out.hash.size() != 64) return std::nullopt;
    out.holds = to_hex(sha256(line.substr(0, cut))) == out.hash &&
                line.substr(cut) == fmt::format(",\"hash\":\"{}\"}}", out.hash);
    return out;
  } catch (const Error&) {
    return std::nullopt;
  }
}

void write_whole(int file, std::string_view text, const std::string& path) {
  while (!text.empty()) {
    const auto n = ::write(file, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw errno_error("write", path, errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

// The end of the file, where its last two lines are.
std::string tail_of(int file, const std::string& path) {
  struct stat s {};
  if (::fstat(file, &s) != 0) throw errno_error("read", path, errno);
  if (!S_ISREG(s.st_mode)) throw bad_input("is no ordinary file", path);
  const auto size = static_cast<std::size_t>(s.st_size), wanted = std::min(size, 2 * longest_line);
  std::string out(wanted, '\0');
  const auto n = wanted ? ::pread(file, out.data(), wanted, static_cast<off_t>(size - wanted)) : 0;
  if (n < 0) throw errno_error("read", path, errno);
  out.resize(static_cast<std::size_t>(n));
  return out;
}

}  // namespace

AuditLog::AuditLog(std::string path) : path_(std::move(path)), last_hash_(first_link) {
  if (path_.empty()) return;
  file_ = ::open(path_.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file_ < 0) throw errno_error("write", path_, errno);
  try {
    const std::string tail = tail_of(file_, path_);
    std::string_view text = tail, torn;
    if (!text.empty() && text.back() != '\n') {
      const auto end = text.rfind('\n');
      torn = end == std::string_view::npos ? text : text.substr(end + 1);
      text = end == std::string_view::npos ? std::string_view() : text.substr(0, end + 1);
    }
    if (!text.empty()) {
      text.remove_suffix(1);
      const auto begin = text.rfind('\n');
      const auto link = read_link(begin == std::string_view::npos ? text : text.substr(begin + 1));
      if (!link || !link->holds)
        throw bad_input("ends in a line that is none of an audit log, or was changed", path_,
                        "`wattline serve audit FILE` says more; move it away to begin a new one");
      seq_ = link->seq;
      last_hash_ = link->hash;
    }
    if (!torn.empty()) {
      write_whole(file_, "\n", path_);
      append("wattline", "log.torn", path_, {{"sha256", to_hex(sha256(torn))}}, Time::now());
    }
  } catch (...) {
    ::close(file_);
    throw;
  }
}

AuditLog::~AuditLog() {
  if (file_ < 0) return;
  try {
    std::lock_guard lock(mutex_);
    tell_skipped(Time::now());
  } catch (const Error&) {
    // There is nobody left to tell.
  }
  ::close(file_);
}

void AuditLog::append(std::string_view actor, std::string_view action, std::string_view subject,
                      const AuditDetail& detail, Time now) {
  JsonWriter w;
  w.begin_object().member("seq", seq_ + 1).member("time", to_string(now, 3));
  w.member("actor", actor.substr(0, 200)).member("action", action).member("subject", subject.substr(0, 1000));
  w.key("detail").begin_object();
  for (const auto& [name, value] : detail) w.member(name, std::string_view(value).substr(0, 1000));
  w.end_object().member("prev", last_hash_);
  std::string line = w.take();
  const std::string hash = to_hex(sha256(line));
  line += fmt::format(",\"hash\":\"{}\"}}\n", hash);
  struct stat before {};
  const bool known = ::fstat(file_, &before) == 0;
  try {
    write_whole(file_, line, path_);
  } catch (const Error&) {
    // Half a line would stand in the way of the next.
    if (known && ::ftruncate(file_, before.st_size) != 0) last_hash_ = first_link;
    throw;
  }
  ++seq_;
  last_hash_ = hash;
}

void AuditLog::record(std::string_view actor, std::string_view action, std::string_view subject,
                      const AuditDetail& detail) {
  if (file_ < 0) return;
  std::lock_guard lock(mutex_);
  const Time now = Time::now();
  tell_skipped(now);
  append(actor, action, subject, detail, now);
  if (::fdatasync(file_) != 0) throw errno_error("write", path_, errno);
}

void AuditLog::tell_skipped(Time now) {
  if (skipped_ == 0) return;
  const std::int64_t n = skipped_;
  append("wattline", "key.refused", "", {{"reason", "more of them"}, {"count", std::to_string(n)}}, now);
  skipped_ = 0;
}

void AuditLog::refused(std::string_view reason, std::string_view key_id, std::string_view from, Time now) {
  if (file_ < 0) return;
  std::lock_guard lock(mutex_);
  try {
    if (const auto s = now.ns / 1'000'000'000; s != second_) {
      second_ = s;
      written_ = 0;
      tell_skipped(now);
    }
    if (written_ >= most_refusals) {
      ++skipped_;
      return;
    }
    ++written_;
    append("client", "key.refused", key_id, {{"reason", std::string(reason)}, {"from", std::string(from)}}, now);
  } catch (const Error&) {
    ++lost_;
  }
}

std::int64_t AuditLog::lost() const {
  std::lock_guard lock(mutex_);
  return lost_;
}

AuditCheck check_audit(std::string_view text) {
  AuditCheck out;
  out.last_hash = first_link;
  std::int64_t seq = 0;
  std::string torn;
  while (!text.empty() && out.first_fault.empty()) {
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    ++out.lines;
    const auto link = read_link(line);
    const auto fault = [&](std::string_view what) { out.first_fault = fmt::format("line {}: {}", out.lines, what); };
    if (!link || end == std::string_view::npos) {
      // Half a line is no fault where the next says so.
      if (!torn.empty()) fault("two broken lines, one after the other");
      else torn = to_hex(sha256(line));
      continue;
    }
    if (!torn.empty() && (link->action != "log.torn" || link->torn != torn))
      fault("the line before is broken, and nothing tells of it");
    else if (torn.empty() && link->action == "log.torn") fault("tells of a broken line that is not there");
    else if (!link->holds) fault("was changed: its hash is another");
    else if (link->prev != out.last_hash)
      fault("does not follow the line before: something was taken out, put in or changed");
    else if (link->seq != seq + 1) fault(fmt::format("has number {} after {}", link->seq, seq));
    torn.clear();
    seq = link->seq;
    out.last_hash = link->hash;
  }
  if (out.first_fault.empty() && !torn.empty()) out.first_fault = fmt::format("line {}: broken", out.lines);
  return out;
}

}  // namespace wattline::serve
