#include "meter/families/perf_files.h"

#include <charconv>
#include <cmath>
#include <string>

#include "meter/proc_files.h"

namespace wattline::meter {
namespace {

std::string_view next_part(std::string_view& text) {
  const auto comma = std::min(text.find(','), text.size());
  const auto part = text.substr(0, comma);
  text.remove_prefix(std::min(comma + 1, text.size()));
  return part;
}

template <class Number>
std::optional<Number> number(std::string_view text, int base) {
  Number value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<std::uint64_t> parse_perf_event(std::string_view raw) {
  const std::string line = parse_name(raw);
  std::string_view text = line;
  std::optional<std::uint64_t> event;
  std::uint64_t mask = 0;
  while (!text.empty()) {
    auto part = next_part(text);
    const bool is_event = part.starts_with("event=0x"), is_mask = part.starts_with("umask=0x");
    if (!is_event && !is_mask) return std::nullopt;
    const auto value = number<std::uint64_t>(part.substr(8), 16);
    if (!value || *value > 0xFF) return std::nullopt;
    if (is_event) event = *value;
    else mask = *value;
  }
  if (!event) return std::nullopt;
  return *event | mask << 8;
}

std::optional<double> parse_perf_scale(std::string_view raw) {
  const std::string line = parse_name(raw);
  double value = 0;
  const auto [end, ec] = std::from_chars(line.data(), line.data() + line.size(), value);
  if (line.empty() || ec != std::errc() || end != line.data() + line.size()) return std::nullopt;
  return std::isfinite(value) && value > 0 && value < 1e6 ? std::optional(value) : std::nullopt;
}

std::optional<std::vector<int>> parse_cpu_list(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.remove_suffix(1);
  std::vector<int> out;
  while (!text.empty()) {
    const auto part = next_part(text);
    const auto dash = std::min(part.find('-'), part.size());
    const auto low = number<int>(part.substr(0, dash), 10);
    const auto high = dash == part.size() ? low : number<int>(part.substr(dash + 1), 10);
    if (!low || !high || *low < 0 || *high < *low || *high - *low >= 65536 - static_cast<int>(out.size())) return {};
    for (int cpu = *low; cpu <= *high; ++cpu) out.push_back(cpu);
  }
  return out.empty() ? std::nullopt : std::optional(std::move(out));
}

}  // namespace wattline::meter
