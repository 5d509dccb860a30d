// `wattline run --repeat N [--against COMMAND]`: the same command again and again, or two in turn, and what can be said of
// the difference. In each of N rounds each command runs once, in random order, so that what drifts is shared by both; the
// two runs of a round are a pair.
#pragma once

#include <string>
#include <vector>

#include "kernel/result.h"
#include "meter/experiment/series_of_runs.h"
#include "meter/run_account.h"

namespace wattline::meter {

struct ComparisonSettings {
  SeriesSettings series;
  std::size_t repeats = 10;
  std::string against;  // for the shell; "": the command alone
  std::string records;  // file to go on with; "": none
  bool record = true;  // into the account
  Labels labels;
  std::string place;
};
Result compare_runs(const std::vector<std::string>& command, const ComparisonSettings&, const catalog::Catalog&,
                    Context&);

// What makes a series of runs doubtful, in words: first runs unlike the others, drift over the series, outliers. Values
// of one command in the order of its runs. (A comparison tells outliers of its own.)
std::vector<std::string> doubts(const std::string& name, const std::vector<double>& values, const std::string& unit,
                                bool outliers = true);

// What is said of how a series of runs came out, besides its figures.
void tell(Result&, const SeriesOutcome&, const RecordsFile&);

}  // namespace wattline::meter
