// Old rows outside the database: the beginning of one writer's chain, sealed. A segment is a gzip file of canonical
// rows (row.h), one a line, beside the account in DIR/segments; the account keeps where the chain went on (the hash
// of the last row), the SHA-256 of the file, the uids and the sums by hour. So reports and the chain go on without
// the file, and with it every row can be checked.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <unordered_set>
#include <vector>

#include "ledger/database.h"
#include "ledger/row.h"

namespace wattline::ledger {

struct Segment {
  std::string writer;
  std::int64_t first_seq = 0, last_seq = 0;
  std::string first_prev, last_hash;  // of the row before its first, of its last
  Time first_end, last_end;
  std::string file, digest;  // name in DIR/segments, SHA-256 of its bytes
  Time sealed;
};

std::filesystem::path segments_dir(const std::filesystem::path& account_dir);

// In the order of their chains. Empty for accounts of older programs.
std::vector<Segment> segments_of(const Database&);

// Writes rows one after the other; close() makes the file safe and gives its digest. A file that was not closed is
// removed.
class SegmentWriter {
 public:
  // `mode`: who may read it, as open(2) has it.
  SegmentWriter(std::filesystem::path, unsigned mode);
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;
  void add(std::string_view canonical_row);
  std::string close();

 private:
  [[noreturn]] void fail(std::string_view doing);
  std::filesystem::path path_;
  void* file_ = nullptr;
};

// Every canonical text of the file, in order. Error when it is damaged.
void for_each_sealed_text(const std::filesystem::path&, const std::function<void(std::string_view)>&);
std::string digest_of_file(const std::filesystem::path&);

// What is wrong with the segment's file, "" when nothing is; "absent" set when it is not there. `visit`: each row.
std::string fault_of(const Segment&, const std::filesystem::path& dir, bool& absent,
                     const std::function<void(const Row&)>& visit = {});
// The uids that rows of the file correct.
void add_corrected(const std::filesystem::path&, std::unordered_set<std::string>&);

}  // namespace wattline::ledger
