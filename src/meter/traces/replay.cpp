#include "meter/traces/replay.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "meter/child.h"

namespace wattline::meter {
namespace {

Domain domain_of(const std::string& component) {
  const auto has = [&](const char* part) { return component.find(part) != component.npos; };
  if (has("gpu") || has("GPU") || has("NVIDIA") || has("RTX")) return Domain::gpu;
  if (has("dram") || has("memory") || has("ram")) return Domain::memory;
  if (has("package") || has("cpu")) return Domain::cpu;
  return has("wall") || has("psys") ? Domain::platform : Domain::other;
}

class ReplaySource : public Source {
 public:
  ReplaySource(const TraceChannel& c, double speed, Time begin, Time end, std::int64_t start)
      : trace_(c.power), speed_(speed), start_ns_(start), begin_(begin), length_((end - begin).base()) {
    info_.component = c.component;
    info_.device = c.device;
    info_.family = "replay";
    info_.where = "a recorded trace";
    info_.modelled = c.modelled;
    info_.domain = domain_of(c.component);
    info_.kind = c.mean_since_last ? SourceKind::energy : SourceKind::power;
    info_.counted = c.counted && info_.domain != Domain::platform;
    if (!info_.counted) info_.not_counted_because = "it contains other components";
    info_.update = find_faults(trace_).median_step * (1 / speed);
    info_.most = Power(1e6 * speed);
    if (!c.mean_since_last) return;
    for (std::size_t i = 0; i < trace_.size(); ++i)
      sums_.push_back(i == 0 ? 0
                             : sums_.back() + (std::isfinite(trace_.values[i])
                                                   ? trace_.values[i] * (trace_.times[i] - trace_.times[i - 1]).base()
                                                   : 0));
  }
  const SourceInfo& info() const override { return info_; }
  std::string trouble() const override { return trouble_; }
  std::optional<double> read() override {
    const double elapsed = static_cast<double>(monotonic_ns() - start_ns_) * 1e-9 * speed_;
    const double rounds = length_ > 0 ? std::floor(elapsed / length_) : 0;
    const Time now = begin_ + Duration(elapsed - rounds * length_);
    const auto next = std::upper_bound(trace_.times.begin(), trace_.times.end(), now);
    const auto i = static_cast<std::size_t>(next - trace_.times.begin());
    trouble_.clear();
    if (info_.kind == SourceKind::energy) {
      // Joules of the trace, not of the faster time: power then reads `speed` times as much, as it would.
      double joules = i == 0 ? 0 : sums_[i - 1];
      if (i > 0 && i < sums_.size())
        joules += (sums_[i] - sums_[i - 1]) *
                  ((now - trace_.times[i - 1]).base() / (trace_.times[i] - trace_.times[i - 1]).base());
      return rounds * sums_.back() + joules;
    }
    if (i > 0 && std::isfinite(trace_.values[i - 1])) return trace_.values[i - 1];
    trouble_ = "the trace has a gap here";
    return std::nullopt;
  }

 private:
  SourceInfo info_;
  const Series trace_;
  const double speed_;
  const std::int64_t start_ns_;
  const Time begin_;
  const double length_;
  std::vector<double> sums_;
  std::string trouble_;
};

}  // namespace

Sources replay_sources(const PowerTrace& trace, double speed) {
  Sources out;
  if (trace.channels.empty()) return out;
  Time begin = trace.channels.front().power.times.front(), end = trace.channels.front().power.times.back();
  for (const auto& c : trace.channels) {
    begin = std::min(begin, c.power.times.front());
    end = std::max(end, c.power.times.back());
  }
  const std::int64_t start = monotonic_ns();
  for (const auto& c : trace.channels) out.push_back(std::make_unique<ReplaySource>(c, speed, begin, end, start));
  return out;
}

bool replaying() {
  const char* path = ::secure_getenv("WATTLINE_REPLAY");
  return path && *path;
}

Found find_replay(const Roots&) {
  Found out;
  if (!replaying()) return out;
  const char* path = ::secure_getenv("WATTLINE_REPLAY");
  double speed = 1;
  if (const char* text = ::secure_getenv("WATTLINE_REPLAY_SPEED"))
    if (const auto given = csv::read_number(text); given && *given > 0 && *given <= 1e4) speed = *given;
  try {
    out.sources = replay_sources(read_power_trace(InputFile::from_path(path).read(), path), speed);
  } catch (const Error& e) {
    out.obstacles.push_back(
        {"replay", path, e.what(), "give WATTLINE_REPLAY a trace that `wattline meter integrate` reads"});
  }
  return out;
}

namespace {

struct ReplayOptions {
  std::string trace;
  double speed = 1;
  std::vector<std::string> command;
};

Result replay(const ReplayOptions& o, Context&) {
  if (o.command.empty() || o.command.front().empty())
    throw bad_input("no command is given", "command", "wattline meter replay TRACE -- wattline run -- sleep 5");
  // A trace that cannot be read is told before the command runs, not by it.
  const PowerTrace trace = read_power_trace(InputFile::from_path(o.trace).read(), o.trace);
  ::setenv("WATTLINE_REPLAY", std::filesystem::absolute(o.trace).c_str(), 1);
  ::setenv("WATTLINE_REPLAY_SPEED", fmt::format("{}", o.speed).c_str(), 1);
  const ChildOutcome outcome = run_child(o.command);
  ::unsetenv("WATTLINE_REPLAY");
  ::unsetenv("WATTLINE_REPLAY_SPEED");
  Result out;
  out.title = outcome.not_started.empty() ? "Replayed" : "The command was not run";
  out.exit_code = outcome.exit_code;
  if (!outcome.not_started.empty()) out.note(fmt::format("wattline: {}: {}", o.command.front(), outcome.not_started));
  else
    out.note(fmt::format("The command saw {} component{} of {} ({}) in place of this machine's.", trace.channels.size(),
                         trace.channels.size() == 1 ? "" : "s", o.trace, trace.format));
  return out;
}

}  // namespace

Capability replay_capability() {
  static const auto fields =
      Fields<ReplayOptions>()
          .text("trace", &ReplayOptions::trace, "file with power over time, in any format that `meter integrate` reads")
          .required()
          .positional()
          .number("speed", &ReplayOptions::speed, "how many times as fast")
          .range(0.01, 10000)
          .list("command", &ReplayOptions::command, "the command and its arguments, after --")
          .required()
          .rest();
  Capability c = capability<ReplayOptions>(
      "meter", "replay", "Runs a command on a recorded trace in place of this machine's meters.", replay, fields);
  c.description =
      "Sets WATTLINE_REPLAY for the command: every `wattline` under it finds the trace's components as its sources of "
      "power, "
      "and none of this machine's, so that `run`, `top`, `agent` and `meter record` can be tried where no meter can be "
      "read, "
      "or on a trace of another machine. The trace plays from when the program begins, and again at its end. What is "
      "told "
      "then is the trace's, not this machine's: nothing of it should be recorded in an account (`run --no-record`).";
  c.verb = Verb::observe;
  c.doors = Doors::command_line;
  c.results_to_stderr = true;
  c.consumes = {"power.series.v1"};
  c.examples = {
      {{"--trace", "power.csv", "--", "sh", "-c", "exit 0"},
       {{"power.csv", "time,component,power [W]\n2026-11-24T14:00:00Z,gpu-0,100\n2026-11-24T14:00:01Z,gpu-0,150\n"}},
       "1 component"}};
  return c;
}

}  // namespace wattline::meter
