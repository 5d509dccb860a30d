// Civil times without a zone, as most logs write them, to UTC: a fixed offset ("+02:00", "UTC") or a place of the
// system's time zone files ("Europe/Paris", RFC 8536), with their daylight saving.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/time.h"

namespace wattline::ledger::imports {

class Zone {
 public:
  Zone() = default;  // UTC
  // Error bad_input, not_found; unsupported where this machine has no zone files.
  explicit Zone(std::string_view name);
  // From the content of a zone file.
  static Zone from_file(std::string_view bytes, std::string name);

  enum class Meeting { once, twice, never };  // an hour comes twice in autumn and never in spring
  struct Moment {
    Time time;  // of those that are twice the first; of those that never are, as if the clock had not been moved yet
    Meeting meeting = Meeting::once;
  };
  // `civil`: a clock's reading as if it were UTC.
  Moment moment(Time civil) const;
  const std::string& name() const { return name_; }

 private:
  struct Change {
    std::int64_t at = 0, offset = 0;  // s: from this UTC moment on, so far ahead of UTC
  };
  std::int64_t offset_at(std::int64_t utc) const;
  void extend(std::string_view rule);

  std::string name_ = "UTC";
  std::int64_t first_offset_ = 0;
  std::vector<Change> changes_;
};

// Whether an ISO 8601 time names its zone.
bool has_zone(std::string_view time);

}  // namespace wattline::ledger::imports
