// A plan of metered runs (the table run.plan.v1) and what was recorded of them so far: a CSV file that grows by one
// line a run, each on the disk before the next run begins, so that a study that was killed goes on where it was.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/table.h"
#include "meter/run_energy.h"

namespace wattline::meter {

struct PlannedRun {
  std::string id;
  std::int64_t block = 1;
  std::vector<std::pair<std::string, std::string>> factors;
  std::vector<std::string> command;  // words
};

struct Plan {
  std::vector<PlannedRun> runs;  // in their order
  std::vector<std::string> factors;
  std::string digest;  // of all of it: records are of one plan
};
// From the table as `study design` writes it. Errors (bad_input) name file and row: columns or commands missing, a run
// twice, no runs.
Plan plan_of(const Table&, const std::string& where);
std::string digest_of(const Plan&);

// One run as it is kept.
struct RunRecord {
  std::string id;
  int exit_code = 0;
  double energy = 0, duration = 0, cpu = 0, power = 0;  // J, s, s, W
};

class RecordsFile {
 public:
  // Opens or makes it, and takes away a last line that was cut off. Error bad_input when it is of another plan or no
  // file of records; Error world when it cannot be written or another process writes it.
  RecordsFile(std::string path, const Plan&);
  ~RecordsFile();
  RecordsFile(const RecordsFile&) = delete;
  RecordsFile& operator=(const RecordsFile&) = delete;

  const std::vector<RunRecord>& done() const { return done_; }
  bool has(const std::string& id) const;
  // On the disk when it returns.
  void add(const PlannedRun&, const RunEnergy&);
  const std::string& path() const { return path_; }

 private:
  std::string header() const;
  void read_back(const std::string& content);

  std::string path_;
  const Plan& plan_;
  int fd_ = -1;
  std::vector<RunRecord> done_;
};

}  // namespace wattline::meter
