// Formats that are no tables: SPEC's power daemon and Apple's powermetrics.
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "kernel/csv_cell.h"
#include "meter/traces/power_trace.h"

namespace wattline::meter::traces {
namespace {

std::string_view next_line(std::string_view& rest) {
  const auto end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}
std::string_view next_cell(std::string_view& rest, char delimiter) {
  const auto end = rest.find(delimiter);
  const std::string_view cell = rest.substr(0, end);
  rest.remove_prefix(end == rest.npos ? rest.size() : end + 1);
  return csv::trimmed(cell);
}
bool all_digits(std::string_view s) { return !s.empty() && s.find_first_not_of("0123456789") == s.npos; }

// "MM-DD-YYYY HH:MM:SS.mmm"
std::optional<Time> american_time(std::string_view t) {
  if (t.size() < 19 || t[2] != '-' || t[5] != '-' || !all_digits(t.substr(6, 4))) return std::nullopt;
  std::string iso = std::string(t.substr(6, 4)) + '-' + std::string(t.substr(0, 2)) + '-' +
                    std::string(t.substr(3, 2)) + 'T' + std::string(csv::trimmed(t.substr(10)));
  return try_parse_date_time(iso);
}

// "(Wed Nov  9 14:37:22 2022 +0100)"
std::optional<Time> apple_time(std::string_view line, bool& zone) {
  constexpr std::array<std::string_view, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto open = line.find('(');
  if (open == line.npos) return std::nullopt;
  std::string_view rest = line.substr(open + 1, line.find(')', open) - open - 1);
  std::array<std::string_view, 6> words{};
  std::size_t n = 0;
  while (!rest.empty() && n < words.size())
    if (const auto w = next_cell(rest, ' '); !w.empty()) words[n++] = w;
  if (n < 5) return std::nullopt;
  std::size_t month = 0;
  while (month < 12 && months[month] != words[1]) ++month;
  if (month == 12 || !all_digits(words[2]) || words[2].size() > 2 || !all_digits(words[4]) || words[4].size() != 4)
    return std::nullopt;
  std::string iso(words[4]);
  iso += '-';
  iso += static_cast<char>('0' + (month + 1) / 10);
  iso += static_cast<char>('0' + (month + 1) % 10);
  iso += words[2].size() == 1 ? "-0" : "-";
  iso += std::string(words[2]) + 'T' + std::string(words[3]);
  if (n == 6 && words[5].size() == 5 && (words[5][0] == '+' || words[5][0] == '-')) {
    iso += std::string(words[5].substr(0, 3)) + ':' + std::string(words[5].substr(3));
    zone = true;
  }
  return try_parse_date_time(iso);
}

}  // namespace

bool is_ptdaemon(std::string_view content) { return content.substr(0, 5) == "Time," && content.find(",Watts,") < 200; }

PowerTrace read_ptdaemon(std::string_view content, std::string_view) {
  PowerTrace out;
  out.format = "PTDaemon";
  TraceChannel& wall = channel(out, "wall");
  while (!content.empty()) {
    std::string_view line = next_line(content);
    if (csv::trimmed(line).empty()) continue;
    ++out.rows;
    std::optional<Time> time;
    std::optional<double> watts;
    while (!line.empty()) {
      const auto key = next_cell(line, ','), value = next_cell(line, ',');
      if (key == "Time") time = american_time(value);
      else if (key == "Watts") watts = trace_watts(value);
      else if (key == "Mark") break;  // what follows is words
    }
    if (time && watts) {
      add(wall, *time, *watts);
    } else {
      ++out.unreadable;
      if (out.first_unreadable.empty())
        out.first_unreadable =
            fmt::format("row {}: {}", out.rows,
                        time ? "its Watts are no power" : "no time as '07-14-2023 10:12:46.000' follows 'Time'");
    }
  }
  return out;
}

bool is_powermetrics(std::string_view content) {
  return content.substr(0, 4096).find("*** Sampled system activity (") != content.npos;
}

PowerTrace read_powermetrics(std::string_view content, std::string_view) {
  PowerTrace out;
  out.format = "powermetrics";
  std::optional<Time> sample;
  while (!content.empty()) {
    const std::string_view line = csv::trimmed(next_line(content));
    if (line.starts_with("*** Sampled system activity (")) {
      ++out.rows;
      sample = apple_time(line, out.zone_known);
      if (!sample) ++out.unreadable;
      // "(1006.61ms elapsed)": the stamp has whole seconds, the lengths say more.
      const auto elapsed = line.rfind('(');
      if (sample && elapsed != line.npos && out.rows > 1 && !out.channels.empty()) {
        const auto number = line.substr(elapsed + 1, line.find("ms", elapsed) - elapsed - 1);
        const auto& last = out.channels.front().power.times;
        if (const auto ms = csv::read_number(number); ms && *ms > 0 && *ms < 1e7 && !last.empty()) {
          const Time exact = last.back() + Duration(*ms * 1e-3);
          if (std::abs((exact - *sample).base()) < 1.5) sample = exact;
        }
      }
      continue;
    }
    if (!sample) continue;
    const auto colon = line.find(':');
    if (colon == line.npos) continue;
    const std::string_view name = line.substr(0, colon);
    const auto watts = trace_watts(line.substr(colon + 1));
    const char* component = name == "CPU Power"                  ? "cpu"
                            : name == "GPU Power"                ? "gpu"
                            : name == "ANE Power"                ? "ane"
                            : name == "DRAM Power"               ? "dram"
                            : name.starts_with("Combined Power") ? "combined"
                            : name == "Package Power"            ? "combined"
                                                                 : nullptr;
    if (!component || !watts) continue;
    TraceChannel& c = channel(out, component);
    c.mean_since_last = true;
    add(c, *sample, *watts);
  }
  // The sum of the others, where there are any.
  if (out.channels.size() > 1)
    for (auto& c : out.channels) c.counted = c.component != "combined";
  return out;
}

}  // namespace wattline::meter::traces
