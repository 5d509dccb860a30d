#include "meter/proc_files.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

namespace wattline::meter {
namespace {

constexpr std::string_view blanks = " \t\r\n";

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

template <class Number>
std::optional<Number> whole(std::string_view text, int base = 10) {
  Number value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Takes the next word off the text; empty at its end.
std::string_view next_word(std::string_view& text) {
  const auto first = text.find_first_not_of(blanks);
  if (first == text.npos) return text = {};
  text.remove_prefix(first);
  const auto end = std::min(text.find_first_of(blanks), text.size());
  const auto word = text.substr(0, end);
  text.remove_prefix(end);
  return word;
}

std::string_view next_line(std::string_view& text) {
  const auto end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

int small_count(std::string_view text) {
  const auto n = whole<int>(text);
  return n && *n > 0 && *n < 1'000'000 ? *n : 0;
}

}  // namespace

std::optional<std::uint64_t> parse_whole(std::string_view text) { return whole<std::uint64_t>(trimmed(text)); }
std::optional<std::int64_t> parse_signed(std::string_view text) { return whole<std::int64_t>(trimmed(text)); }

std::string parse_name(std::string_view text) {
  text = trimmed(text);
  if (text.size() > 200) return {};
  for (const char c : text)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) return {};
  return std::string(text);
}

std::optional<int> count_cpu_list(std::string_view text) {
  text = trimmed(text);
  if (text.empty()) return std::nullopt;
  long total = 0;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    const auto part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto dash = std::min(part.find('-'), part.size());
    const auto low = whole<int>(part.substr(0, dash));
    const auto high = dash == part.size() ? low : whole<int>(part.substr(dash + 1));
    if (!low || !high || *low < 0 || *high < *low || *high > 1'000'000) return std::nullopt;
    total += *high - *low + 1;
  }
  return total > 0 && total <= 1'000'000 ? std::optional(static_cast<int>(total)) : std::nullopt;
}

CpuInfo parse_cpuinfo(std::string_view text) {
  CpuInfo out;
  std::string_view implementer, part;
  bool first_block = true;
  while (!text.empty()) {
    const auto line = next_line(text);
    const auto colon = line.find(':');
    if (colon == line.npos) {
      if (!out.name.empty() || out.threads) first_block = false;
      continue;
    }
    const auto key = trimmed(line.substr(0, colon));
    const auto value = trimmed(line.substr(colon + 1));
    if (key == "Model" && out.name.empty()) out.name = parse_name(value);  // ARM boards say it last
    if (!first_block) continue;
    if (key == "model name" || key == "cpu model") out.name = parse_name(value);
    else if (key == "siblings") out.threads = small_count(value);
    else if (key == "cpu cores") out.cores = small_count(value);
    else if (key == "CPU implementer" && implementer.empty()) implementer = value;
    else if (key == "CPU part" && part.empty()) part = value;
    else if (key == "flags")
      for (auto rest = value; !rest.empty();)
        if (next_word(rest) == "hypervisor") out.virtual_machine = true;
  }
  if (out.name.empty() && !part.empty())
    out.name = parse_name(fmt::format("CPU implementer {} part {}", implementer, part));
  return out;
}

std::optional<Bytes> parse_memory_total(std::string_view meminfo) {
  while (!meminfo.empty()) {
    auto line = next_line(meminfo);
    if (next_word(line) != "MemTotal:") continue;
    const auto kib = whole<std::uint64_t>(next_word(line));
    if (!kib || next_word(line) != "kB") return std::nullopt;
    return Bytes(static_cast<double>(*kib) * 1024);
  }
  return std::nullopt;
}

std::optional<CpuTicks> parse_cpu_ticks(std::string_view stat) {
  while (!stat.empty()) {
    auto line = next_line(stat);
    if (next_word(line) != "cpu") continue;
    std::uint64_t field[8] = {};
    int count = 0;
    for (; count < 8; ++count) {
      const auto n = whole<std::uint64_t>(next_word(line));
      // Beyond any uptime: not a count of ticks, and sums of it would wrap.
      if (!n || *n > (std::uint64_t{1} << 58)) break;
      field[count] = *n;
    }
    if (count < 4) return std::nullopt;
    return CpuTicks{field[0] + field[1] + field[2] + field[5] + field[6], field[3] + field[4]};
  }
  return std::nullopt;
}

std::optional<ProcessStat> parse_process_stat(std::string_view text) {
  const auto open = text.find('('), close = text.rfind(')');
  if (open == text.npos || close == text.npos || close < open) return std::nullopt;
  const auto pid = whole<int>(trimmed(text.substr(0, open)));
  if (!pid) return std::nullopt;
  ProcessStat out;
  out.pid = *pid;
  out.name = text.substr(open + 1, std::min<std::size_t>(close - open - 1, 64));
  for (char& c : out.name)
    if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7f) c = '?';
  text.remove_prefix(close + 1);
  std::uint64_t ticks[4] = {};
  for (int field = 3; field <= 22; ++field) {
    const auto word = next_word(text);
    if (word.empty()) return std::nullopt;
    if (field == 4) {
      const auto parent = whole<int>(word);
      if (!parent) return std::nullopt;
      out.parent = *parent;
    } else if (field >= 14 && field <= 17) {
      const auto n = whole<std::int64_t>(word);  // the waited ones are signed in the kernel
      if (!n || *n > (std::int64_t{1} << 58)) return std::nullopt;
      ticks[field - 14] = static_cast<std::uint64_t>(std::max<std::int64_t>(*n, 0));
    } else if (field == 22) {
      const auto n = whole<std::uint64_t>(word);
      if (!n) return std::nullopt;
      out.start_ticks = *n;
    }
  }
  out.own_ticks = ticks[0] + ticks[1];
  out.waited_ticks = ticks[2] + ticks[3];
  return out;
}

std::optional<std::uint32_t> parse_effective_user(std::string_view status) {
  while (!status.empty()) {
    auto line = next_line(status);
    if (next_word(line) != "Uid:") continue;
    next_word(line);  // the real one
    return whole<std::uint32_t>(next_word(line));
  }
  return std::nullopt;
}

std::optional<int> parse_last_pid(std::string_view loadavg) {
  for (int field = 0; field < 4; ++field)
    if (next_word(loadavg).empty()) return std::nullopt;
  const auto pid = whole<int>(next_word(loadavg));
  return pid && *pid > 0 ? pid : std::nullopt;
}

std::set<std::uint64_t> listening_inodes(std::string_view tcp_table, std::uint16_t port) {
  std::set<std::uint64_t> out;
  next_line(tcp_table);  // headings
  while (!tcp_table.empty()) {
    // sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode
    auto line = next_line(tcp_table);
    std::string_view word[10];
    for (auto& w : word) w = next_word(line);
    const auto colon = word[1].rfind(':');
    if (colon == word[1].npos || word[3] != "0A") continue;
    const auto local = whole<std::uint16_t>(word[1].substr(colon + 1), 16);
    const auto inode = whole<std::uint64_t>(word[9]);
    if (local == port && inode && *inode > 0) out.insert(*inode);
  }
  return out;
}

}  // namespace wattline::meter
