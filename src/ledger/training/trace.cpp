#include "ledger/training/trace.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "kernel/csv_scan.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "kernel/utf8.h"

namespace wattline::ledger::training {
namespace {

constexpr std::size_t none = SIZE_MAX;

// "power.draw [W]" -> "powerdraw", unit "W".
struct Heading {
  std::string key, unit, text;
};
Heading heading(std::string_view cell) {
  Heading h;
  h.text = csv::trimmed(cell);
  std::string_view s = h.text;
  if (const auto open = s.find_last_of("[("); open != s.npos && (s.ends_with(']') || s.ends_with(')'))) {
    h.unit = csv::trimmed(s.substr(open + 1, s.size() - open - 2));
    s = s.substr(0, open);
  }
  for (const char c : s)
    if (std::isalnum(static_cast<unsigned char>(c)))
      h.key += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return h;
}

struct Layout {
  std::size_t time = none, power = none, device = none, name = none, load = none, limit = none, heat = none;
  double power_scale = 1;  // W in one of a bare number
  std::string style;
  std::size_t columns = 0;
};

std::size_t find(const std::vector<Heading>& heads, std::initializer_list<const char*> keys) {
  for (const char* key : keys)
    for (std::size_t i = 0; i < heads.size(); ++i)
      if (heads[i].key == key) return i;
  return none;
}

std::optional<double> quantity(std::string_view cell, Dimension dimension, double scale) {
  cell = csv::trimmed(cell);
  if (csv::is_missing(cell)) return std::nullopt;
  if (const auto n = csv::read_number(cell)) return std::isfinite(*n) ? std::optional(*n * scale) : std::nullopt;
  if (cell.size() > 40) return std::nullopt;
  try {
    return parse_quantity(cell, dimension);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::optional<double> plain(std::string_view cell) {
  cell = csv::trimmed(cell);
  if (cell.ends_with('%')) cell = csv::trimmed(cell.substr(0, cell.size() - 1));
  const auto n = csv::is_missing(cell) ? std::nullopt : csv::read_number(cell);
  return n && std::isfinite(*n) ? n : std::nullopt;
}

std::string listed(const std::vector<Heading>& heads) {
  std::string out;
  for (const auto& h : heads)
    if (out.size() < 200) out += (out.empty() ? "" : ", ") + shown_text(h.text);
  return out;
}

Layout layout_of(const std::vector<std::string_view>& cells, std::string_view where) {
  std::vector<Heading> heads;
  for (const auto c : cells) heads.push_back(heading(c));
  Layout l;
  l.columns = cells.size();
  l.time = find(heads, {"timestamp", "time", "datetime", "date"});
  l.power = find(heads, {"powerdraw", "gpupowerdraw", "powerdrawinstant", "powerdrawaverage", "power", "powerw",
                         "watts", "gpupower", "watt"});
  l.device = find(heads, {"index", "uuid", "gpuuuid", "component", "gpuindex", "gpuid", "device"});
  l.name = find(heads, {"name", "gpuname", "model"});
  l.load = find(
      heads, {"utilizationgpu", "gpuusage", "utilisation", "utilization", "cpuusage", "cpupercent", "load", "usage"});
  l.limit = find(heads, {"powerlimit", "enforcedpowerlimit", "powermaxlimit", "gpumaxpower", "powerdefaultlimit"});
  l.heat = find(heads, {"temperaturegpu", "gputemperature", "temperature"});
  if (l.time == none)
    throw bad_input(fmt::format("no column of times; the header has: {}", listed(heads)), std::string(where),
                    "give a first line with names, one of them 'timestamp' or 'time'");
  if (l.power != none) {
    if (const auto& unit = heads[l.power].unit; !unit.empty()) {
      const Unit u = parse_unit(unit);
      if (u.dimension != Power::dimension)
        throw bad_input(
            fmt::format("'{}' is a column of {}, not of power", shown_text(heads[l.power].text), describe(u.dimension)),
            std::string(where), "W, mW and kW are read");
      l.power_scale = u.scale;
    }
    l.style = heads[l.power].text.find('.') != std::string::npos
                  ? "nvidia-smi"
                  : fmt::format("column '{}'", shown_text(heads[l.power].text));
  }
  return l;
}

template <class Row>
void for_each(std::string_view text, std::string_view where, bool needs_power, Trace& trace, Row&& row) {
  std::optional<Layout> layout;
  // The layout throws through the scanner's callback as any other error does.
  for_each_csv_row(text, 0, where, [&](std::size_t line, const std::vector<std::string_view>& cells) {
    if (!layout) {
      layout = layout_of(cells, where);
      if (needs_power && layout->power == none)
        throw bad_input(
            fmt::format("{}:{}: no column of power", where, line), {},
            "names that are read: power.draw [W], gpu_power_draw, power [W]; a log of load alone goes to --cpu");
      if (!needs_power && layout->load == none)
        throw bad_input(fmt::format("{}:{}: no column of load in percent", where, line), {},
                        "names that are read: cpu usage (%), utilization, load");
      return;
    }
    ++trace.rows;
    if (cells.size() != layout->columns) {
      ++trace.cut;
      return;
    }
    row(*layout, cells);
  });
  if (!layout) throw bad_input("the file is empty", std::string(where), "a header and rows of samples are wanted");
}

// In order of time and none twice: what stands out of order is dropped and counted.
bool takes(const Series& s, Time t, Trace& trace) {
  if (s.times.empty() || t > s.times.back()) return true;
  (t == s.times.back() ? trace.duplicates : trace.backward) += 1;
  return false;
}

}  // namespace

std::optional<Time> read_instant(std::string_view cell) {
  cell = csv::trimmed(cell);
  if (const auto t = try_parse_date_time(cell)) return t;
  // Seconds since some start: between 0 and the year 2200.
  if (const auto n = csv::read_number(cell); n && *n >= 0 && *n < 7.2e9)
    return Time{static_cast<std::int64_t>(std::llround(*n * 1e9))};
  return std::nullopt;
}

Trace read_trace(std::string_view text, std::string_view where) {
  Trace out;
  std::map<std::string, std::size_t> known;
  text = csv::checked_text(text, where);
  // A last line without its newline may have lost digits too: it is kept only when it is as whole as the others.
  for_each(text, where, true, out, [&](const Layout& l, const std::vector<std::string_view>& cells) {
    out.style = l.style;
    const auto t = read_instant(cells[l.time]);
    const auto watts = quantity(cells[l.power], Power::dimension, l.power_scale);
    if (!t || !watts || *watts < 0 || *watts > 1e7) {
      ++out.unreadable;
      return;
    }
    const std::string name = l.name == none ? "" : std::string(csv::trimmed(cells[l.name]));
    const std::string id = l.device == none ? "" : std::string(csv::trimmed(cells[l.device]));
    const std::string key = id.empty() ? name : id;
    auto [it, is_new] = known.try_emplace(key, out.devices.size());
    if (is_new) {
      if (out.devices.size() >= 4096)
        throw bad_input("more than 4096 devices in one trace", std::string(where),
                        "is the right column named 'index'?");
      DeviceTrace d;
      d.id = id;
      d.name = name.empty() ? id : name;
      d.power.unit = "W";
      out.devices.push_back(std::move(d));
    }
    DeviceTrace& d = out.devices[it->second];
    if (!takes(d.power, *t, out)) return;
    d.power.add(*t, *watts);
    if (l.load != none) d.utilisation.push_back(plain(cells[l.load]).value_or(NAN) / 100);
    if (l.limit != none)
      if (const auto w = quantity(cells[l.limit], Power::dimension, 1)) d.limit = std::max(d.limit.value_or(0), *w);
    if (l.heat != none)
      if (const auto c = plain(cells[l.heat])) {
        d.hottest = std::max(d.hottest.value_or(*c), *c);
        d.coldest = std::min(d.coldest.value_or(*c), *c);
      }
  });
  std::size_t samples = 0;
  for (const auto& d : out.devices) samples += d.power.size();
  if (samples < 2)
    throw bad_input(fmt::format("{} usable samples in {} rows ({} cut short, {} unreadable); two are wanted", samples,
                                out.rows, out.cut, out.unreadable),
                    std::string(where));
  return out;
}

LoadTrace read_load(std::string_view text, std::string_view where) {
  LoadTrace out;
  Trace counts;
  text = csv::checked_text(text, where);
  for_each(text, where, false, counts, [&](const Layout& l, const std::vector<std::string_view>& cells) {
    const auto t = read_instant(cells[l.time]);
    const auto load = plain(cells[l.load]);
    if (t && load && *load >= 0 && *load <= 100 && takes(out.load, *t, counts)) out.load.add(*t, *load / 100);
  });
  if (out.load.size() < 2) throw bad_input("fewer than two usable samples of load", std::string(where));
  return out;
}

TraceEnergy integrate(const Series& s, double gap_max, std::optional<Time> begin, std::optional<Time> end) {
  TraceEnergy out;
  std::vector<double> steps;
  for (std::size_t i = 1; i < s.size(); ++i) steps.push_back((s.times[i] - s.times[i - 1]).base());
  if (!steps.empty()) {
    std::nth_element(steps.begin(), steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2), steps.end());
    out.median_step = steps[steps.size() / 2];
  }
  const double limit = std::max(gap_max, 5 * out.median_step);
  for (std::size_t i = 0; i < s.size(); ++i) {
    const bool inside = (!begin || s.times[i] >= *begin) && (!end || s.times[i] <= *end);
    if (inside) {
      ++out.samples;
      out.sum_watts += s.values[i];
      out.max_watts = std::max(out.max_watts, s.values[i]);
    }
    if (i + 1 == s.size()) break;
    const Time from = begin ? std::max(*begin, s.times[i]) : s.times[i];
    const Time to = end ? std::min(*end, s.times[i + 1]) : s.times[i + 1];
    if (to <= from) continue;
    const double step = (s.times[i + 1] - s.times[i]).base(), length = (to - from).base();
    if (step > limit) {
      ++out.gaps;
      out.gap_seconds += length;
      out.gap_joules += length * s.values[i];
      continue;
    }
    const double rise = (s.values[i + 1] - s.values[i]) / step;
    const double a = s.values[i] + rise * (from - s.times[i]).base(), b = a + rise * length;
    out.joules += 0.5 * (a + b) * length;
    out.seconds += length;
  }
  out.joules += out.gap_joules;
  out.seconds += out.gap_seconds;
  out.mean_watts = out.seconds > 0 ? out.joules / out.seconds : 0;
  return out;
}

}  // namespace wattline::ledger::training
