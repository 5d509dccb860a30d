// Tables with a heading: nvidia-smi in both of its styles, our own series, CodeCarbon's, and any CSV with a time
// and a power.
#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/table.h"
#include "kernel/utf8.h"
#include "meter/traces/power_trace.h"

namespace wattline::meter::traces {
namespace {

// "power.draw [W]" -> "powerdraw" and "W".
struct Heading {
  std::string name, unit;
};
Heading heading_of(std::string_view cell) {
  Heading out;
  cell = csv::trimmed(cell);
  const auto open = cell.find_first_of("[(");
  if (open != cell.npos) {
    const auto close = cell.find_first_of("])", open);
    out.unit = csv::trimmed(cell.substr(open + 1, (close == cell.npos ? cell.size() : close) - open - 1));
    cell = cell.substr(0, open);
  }
  for (const char c : cell)
    if (c >= 'A' && c <= 'Z') out.name += static_cast<char>(c + 32);
    else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) out.name += c;
  return out;
}

constexpr std::size_t none = static_cast<std::size_t>(-1);

struct Columns {
  std::size_t time = none, power = none, component = none, name = none, load = none, kind = none, source = none;
  std::size_t counted = none, method = none;
  // CodeCarbon's: energies in kWh since the run began, `duration` seconds ago.
  std::size_t run = none, duration = none;
  std::map<std::string, std::size_t> parts;
  std::string power_unit, load_unit;
  double time_scale = 0;  // seconds of a time's unit where it is a number; 0: as its size tells
  std::vector<std::string> other_powers;  // headings of powers that are not taken
  std::size_t count = 0;
};

// In the order in which they are taken.
constexpr std::array names_of_powers = {
    "powerdraw", "gpupowerdraw", "powerdrawinstant", "powerdrawaverage", "power", "powerw",
    "watts",     "watt",         "raplpower",        "activepower",      "apower"};
const std::set<std::string, std::less<>> power_names(names_of_powers.begin(), names_of_powers.end());

// What contains others by its name. Of a file that says itself which are counted nobody has to guess.
bool contains_others(std::string_view component) {
  std::string name;
  for (const char c : component) name += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  for (const char* whole : {"total", "sum", "all", "combined", "psys", "platform", "wall", "system", "machine", "node"})
    if (name == whole) return true;
  return false;
}

void leave_out_sums(PowerTrace& out) {
  if (out.channels.size() < 2) return;
  std::string names;
  for (const auto& c : out.channels)
    if (contains_others(c.component)) names += (names.empty() ? "'" : ", '") + c.component + "'";
  const bool parts = std::any_of(out.channels.begin(), out.channels.end(),
                                 [](const TraceChannel& c) { return !contains_others(c.component); });
  if (names.empty() || !parts) return;
  for (auto& c : out.channels) c.counted = !contains_others(c.component);
  out.doubts.push_back(
      fmt::format("{} by name contains the other components: it is shown, and not added to them", names));
}

// A time of the column: as trace_time, or a number of its unit since the trace began or 1970, by its size.
std::optional<Time> time_in(PowerTrace& out, const Columns& columns, std::string_view cell, bool* zone) {
  const auto number = csv::read_number(csv::trimmed(cell));
  if (columns.time_scale == 0 || !number) return trace_time(cell, zone);
  const double seconds = *number * columns.time_scale;
  if (!(seconds >= 0) || seconds > 9e9) return trace_time(cell, zone);
  *zone = true;
  out.from_zero = out.from_zero || seconds < 1e8;
  return Time{static_cast<std::int64_t>(std::llround(seconds * 1e9))};
}

Columns columns_of(const std::vector<std::string_view>& cells) {
  Columns out;
  out.count = cells.size();
  std::vector<Heading> headings;
  for (const auto cell : cells) headings.push_back(heading_of(cell));
  const auto first_of = [&](std::initializer_list<const char*> names) {
    for (const char* name : names)
      for (std::size_t i = 0; i < headings.size(); ++i)
        if (headings[i].name == name) return i;
    return none;
  };
  out.time = first_of({"timestamp", "time", "datetime", "date", "unixtime", "epoch", "times", "timesec", "timeseconds",
                       "timems", "elapsed", "elapseds", "elapsedsec", "elapsedseconds", "elapsedtime", "elapsedms",
                       "seconds"});
  if (out.time != none) {
    const Heading& h = headings[out.time];
    if (h.name.ends_with("ms") || h.unit == "ms") out.time_scale = 1e-3;
    else if (h.name == "times" || h.name.ends_with("sec") || h.name.ends_with("seconds") ||
             h.name.starts_with("elapsed") || h.unit == "s")
      out.time_scale = 1;
  }
  out.power = none;
  for (const char* name : names_of_powers)
    if (out.power == none) out.power = first_of({name});
  if (out.power != none) out.power_unit = headings[out.power].unit;
  for (std::size_t i = 0; out.power != none && i < headings.size(); ++i) {
    const Heading& h = headings[i];
    const bool a_limit = h.name.find("limit") != h.name.npos || h.name.find("cap") != h.name.npos;
    if (i != out.power && !a_limit &&
        (h.unit == "W" || h.unit == "mW" || h.unit == "kW" || power_names.contains(h.name)))
      out.other_powers.emplace_back(csv::trimmed(cells[i]));
  }
  out.component = first_of({"component", "index", "gpuindex", "uuid", "gpuuuid", "pcibusid", "device"});
  out.name = first_of({"name", "gpuname", "model"});
  out.load = first_of({"load", "cpuload", "cpuutilization"});
  if (out.load != none) out.load_unit = headings[out.load].unit;
  out.kind = first_of({"kind"});
  out.source = first_of({"source"});
  out.counted = first_of({"counted"});
  out.method = first_of({"method"});
  if (out.power == none) {
    out.run = first_of({"runid"});
    out.duration = first_of({"duration"});
    if (out.duration != none)
      for (const auto& [part, name] : {std::pair{"cpu", "cpuenergy"}, {"gpu", "gpuenergy"}, {"ram", "ramenergy"}})
        if (const auto at = first_of({name}); at != none) out.parts[part] = at;
  }
  return out;
}

// Index numbers of boards become "gpu-0"; whole names stay.
std::string component_of(const Columns& c, const std::vector<std::string_view>& cells) {
  std::string text(csv::trimmed(c.component != none ? cells[c.component]
                                : c.name != none    ? cells[c.name]
                                                    : std::string_view("power")));
  if (text.empty()) text = "power";
  if (text.size() <= 3 && text.find_first_not_of("0123456789") == text.npos) text = "gpu-" + text;
  return text.substr(0, 200);
}

// Mean powers of energies that count up from the beginning of each run.
class RunEnergies {
 public:
  void take(PowerTrace& out, const Columns& columns, const std::vector<std::string_view>& cells, Time time) {
    const auto seconds = csv::read_number(csv::trimmed(cells[columns.duration]));
    if (!seconds || !(*seconds > 0) || *seconds > 1e9) {
      ++out.unreadable;
      return;
    }
    const std::string run(columns.run == none ? std::string_view() : csv::trimmed(cells[columns.run]));
    for (const auto& [part, at] : columns.parts) {
      const auto kwh = csv::read_number(csv::trimmed(cells[at]));
      if (!kwh || !(*kwh >= 0) || *kwh > 1e12) continue;
      TraceChannel& c = channel(out, part);
      c.mean_since_last = true;
      State& s = states_[part];
      const bool fresh = c.power.size() == 0 || s.run != run || *kwh < s.kwh;
      if (fresh) {
        const Time begin = time + Duration(-*seconds);
        if (c.power.size() == 0 || begin > c.power.times.back()) c.power.add(begin, std::nan(""));
        s = {run, 0};
      }
      if (time > c.power.times.back()) {
        const double joules = (*kwh - s.kwh) * 3.6e6;
        add(c, time, joules / (time - c.power.times.back()).base());
        s.kwh = *kwh;
      } else {
        add(c, time, 0);
      }
    }
  }

 private:
  struct State {
    std::string run;
    double kwh = 0;
  };
  std::map<std::string, State> states_;
};

}  // namespace

PowerTrace read_columns(std::string_view content, std::string_view where) {
  PowerTrace out;
  Columns columns;
  RunEnergies energies;
  bool heading = true;
  std::string names;
  for_each_csv_row(content, 0, where, [&](std::size_t row, const std::vector<std::string_view>& cells) {
    if (heading) {
      heading = false;
      columns = columns_of(cells);
      for (const auto cell : cells.size() > 30 ? std::vector<std::string_view>{} : cells)
        names += (names.empty() ? "" : ", ") + std::string(csv::trimmed(cell).substr(0, 60));
      if (columns.time == none || (columns.power == none && columns.parts.empty()))
        throw bad_input(
            fmt::format("no column of {} found (columns: {})", columns.time == none ? "times" : "power", names),
            std::string(where),
            "a column 'time' or 'timestamp' and one 'power [W]' are needed; "
            "docs/formats/power-traces-read.md lists the names that are known");
      for (const auto& name : columns.other_powers)
        out.doubts.push_back(fmt::format("the column '{}' is not read: '{}' is the power that is taken",
                                         shown_text(name), shown_text(csv::trimmed(cells[columns.power]))));
      const bool smi = columns.name != none && columns.power != none && columns.component == none;
      out.format = !columns.parts.empty()                                 ? "CodeCarbon"
                   : columns.kind != none || columns.source != none       ? "power.series.v1"
                   : smi || names.find("power.draw") != std::string::npos ? "nvidia-smi"
                                                                          : "CSV";
      return;
    }
    ++out.rows;
    const auto unreadable = [&](const std::string& why) {
      ++out.unreadable;
      if (out.first_unreadable.empty()) out.first_unreadable = fmt::format("row {}: {}", row, why);
    };
    if (cells.size() != columns.count)
      return unreadable(
          fmt::format("it has {} cells and the heading {} (is a comma in a number?)", cells.size(), columns.count));
    bool zone = false;
    const auto time = time_in(out, columns, cells[columns.time], &zone);
    if (!time)
      return unreadable(
          fmt::format("'{}' is no time: ISO 8601, or seconds to nanoseconds since 1970, or a column time_s",
                      shown_text(csv::trimmed(cells[columns.time]))));
    out.zone_known = zone;
    if (!columns.parts.empty()) energies.take(out, columns, cells, *time);
    if (columns.power == none) return;
    // An empty cell of our own is a gap that is known.
    const std::string_view cell = csv::trimmed(cells[columns.power]);
    const auto watts = trace_watts(cell, columns.power_unit);
    if (!watts && !(cell.empty() && out.format == "power.series.v1"))
      return unreadable(why_no_watts(cell, columns.power_unit));
    TraceChannel& c = channel(out, component_of(columns, cells));
    if (columns.name != none) c.device = csv::trimmed(cells[columns.name]);
    if (columns.counted != none) c.counted = csv::trimmed(cells[columns.counted]) != "no";
    if (columns.method != none) c.modelled = c.modelled || csv::trimmed(cells[columns.method]) == "modelled";
    if (columns.kind != none) c.mean_since_last = csv::trimmed(cells[columns.kind]).starts_with("energy");
    else if (columns.source != none)
      c.mean_since_last =
          csv::trimmed(cells[columns.source]) == "rapl" || csv::trimmed(cells[columns.source]) == "model";
    add(c, *time, watts.value_or(std::nan("")));
    if (columns.load != none)
      if (const auto load = csv::read_number(csv::trimmed(cells[columns.load]));
          load && *load >= 0 && (out.load.size() == 0 || *time > out.load.times.back()))
        out.load.add(*time, columns.load_unit == "%" || columns.load_unit.empty() ? *load / 100 : *load);
  });
  if (columns.counted == none) leave_out_sums(out);
  if (heading) throw bad_input("the file is empty; power over time is needed", std::string(where));
  return out;
}

}  // namespace wattline::meter::traces
