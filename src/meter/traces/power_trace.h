// Power over time from files that other programs wrote, and from our own: which format it is is found from
// the text. docs/formats/power-traces-read.md names columns and units.
//
// Times that come again or go back are left out and counted; a row that cannot be read (the last one cut
// short) is counted. Errors (bad_input, naming the file and what is needed) when nothing of a known format is
// there or no row can be read.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/series.h"

namespace wattline::meter {

struct TraceChannel {
  std::string component;  // "gpu-0", "wall", "cpu"
  std::string device;  // as the file names it, ""
  Series power;  // W
  // Each value is the mean since the row before (counters); otherwise that of its instant.
  bool mean_since_last = false;
  bool counted = true;  // false: contained in others of this file
  bool modelled = false;  // as the file says
  std::size_t duplicates = 0, steps_back = 0;  // left out
};

struct PowerTrace {
  std::string format;  // for people: "nvidia-smi", "PTDaemon"
  std::vector<TraceChannel> channels;
  Series load;  // share of the machine's CPU time busy, 0..1, where the file has it
  std::size_t rows = 0, unreadable = 0;
  std::string first_unreadable;  // "row 7: '5 J' is no power: W, mW, kW and uW are read"
  bool from_zero = false;  // times count from the beginning of the trace
  std::vector<std::string> doubts;  // what of the file is not taken, or not as it might be meant: whole sentences
  bool zone_known = false;  // times carry their zone; else they are taken as UTC
};

PowerTrace read_power_trace(std::string_view content, std::string_view where);

// A time as these files write it: ISO 8601, with / for -, or seconds, milli-, micro- or nanoseconds since 1970
// by their size. Nothing when it is none.
std::optional<Time> trace_time(std::string_view text, bool* zone_known = nullptr);
// "10.36 W", "45 mW", "12.5" (of `unit`, W when empty) in W; nothing for "[N/A]", what is negative or over 1 GW.
std::optional<double> trace_watts(std::string_view text, std::string_view unit = {});
// Why trace_watts gives nothing: "'5 J' is no power: W, mW, kW and uW are read".
std::string why_no_watts(std::string_view text, std::string_view unit = {});

namespace traces {
// The readers, each for one family of formats; the first that knows the text is asked.
bool is_ptdaemon(std::string_view content);
PowerTrace read_ptdaemon(std::string_view content, std::string_view where);
bool is_powermetrics(std::string_view content);
PowerTrace read_powermetrics(std::string_view content, std::string_view where);
PowerTrace read_columns(std::string_view content, std::string_view where);  // CSV with a heading

// Puts a value behind the others unless its time is not later.
void add(TraceChannel&, Time, double watts);
TraceChannel& channel(PowerTrace&, const std::string& component);
}  // namespace traces

}  // namespace wattline::meter
