// Tables with a heading: nvidia-smi in both of its styles, our own series, CodeCarbon's, and any CSV with a time
// and a power.
#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/error.h"
#include "kernel/table.h"
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
  std::size_t count = 0;
};

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
  out.time = first_of({"timestamp", "time", "datetime", "date", "unixtime", "epoch"});
  out.power = first_of({"powerdraw", "gpupowerdraw", "powerdrawinstant", "powerdrawaverage", "power", "powerw", "watts",
                        "watt", "raplpower", "activepower", "apower"});
  if (out.power != none) out.power_unit = headings[out.power].unit;
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
  for_each_csv_row(content, 0, where, [&](std::size_t, const std::vector<std::string_view>& cells) {
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
      const bool smi = columns.name != none && columns.power != none && columns.component == none;
      out.format = !columns.parts.empty()                                 ? "CodeCarbon"
                   : columns.kind != none || columns.source != none       ? "power.series.v1"
                   : smi || names.find("power.draw") != std::string::npos ? "nvidia-smi"
                                                                          : "CSV";
      return;
    }
    ++out.rows;
    if (cells.size() != columns.count) {
      ++out.unreadable;
      return;
    }
    bool zone = false;
    const auto time = trace_time(cells[columns.time], &zone);
    if (!time) {
      ++out.unreadable;
      return;
    }
    out.zone_known = zone;
    if (!columns.parts.empty()) energies.take(out, columns, cells, *time);
    if (columns.power == none) return;
    // An empty cell of our own is a gap that is known.
    const std::string_view cell = csv::trimmed(cells[columns.power]);
    const auto watts = trace_watts(cell, columns.power_unit);
    if (!watts && !(cell.empty() && out.format == "power.series.v1")) {
      ++out.unreadable;
      return;
    }
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
  if (heading) throw bad_input("the file is empty; power over time is needed", std::string(where));
  return out;
}

}  // namespace wattline::meter::traces
