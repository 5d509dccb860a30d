// The audit log: one JSON object a line for each action of an administrator and for refused keys, appended
// and chained, so that what was changed or cut out shows.
//
// {"seq":1,"time":"...","actor":"admin","action":"key.create","subject":"laptop","detail":{"tenant":"lab"},
//  "prev":"<64 hex>","hash":"<64 hex>"}: `hash` is the SHA-256 of the line's text up to `,"hash"`, and `prev` is
// the hash of the line before, 64 zeros for the first. No secrets: no keys, no digests of keys, no prompts.
//
// A program that is killed may leave half a line at the end; the next one ends it with a new line and says so
// in a line "log.torn" that holds the SHA-256 of what was there. Refusals come as fast as somebody tries:
// `most_refusals` of them a second are written, the others counted in one line. Thread-safe.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/error.h"
#include "kernel/time.h"

namespace wattline::serve {

using AuditDetail = std::vector<std::pair<std::string, std::string>>;

class AuditLog {
 public:
  static constexpr int most_refusals = 10;  // a second

  // "" keeps none. Error: it cannot be written, or its last line belongs to no such log.
  explicit AuditLog(std::string path);
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // On the disk when it returns. Error world: it cannot be written; then the action must not happen.
  void record(std::string_view actor, std::string_view action, std::string_view subject, const AuditDetail& = {});
  // A refused key: `reason`, the id of the key where it is one of ours, and where it came from. Never throws.
  void refused(std::string_view reason, std::string_view key_id, std::string_view from, Time now);

  bool kept() const { return file_ >= 0; }
  std::int64_t lost() const;  // refusals that could not be written

 private:
  void append(std::string_view actor, std::string_view action, std::string_view subject, const AuditDetail&, Time now);
  void tell_skipped(Time now);

  std::string path_;
  int file_ = -1;
  mutable std::mutex mutex_;
  std::int64_t seq_ = 0, lost_ = 0;
  std::string last_hash_;
  std::int64_t second_ = 0;  // of the refusals counted
  int written_ = 0;
  std::int64_t skipped_ = 0;
};

struct AuditCheck {
  std::int64_t lines = 0;
  std::string last_hash;
  std::string first_fault;  // "" when the chain holds
};
// Follows the chain through the text of a log.
AuditCheck check_audit(std::string_view text);

}  // namespace wattline::serve
