// What describes a counter of the kernel's performance events in /sys/bus/event_source: text in, numbers out. A text
// that is not as the kernel writes it gives nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace wattline::meter {

// "event=0x02" or "event=0x02,umask=0x01" as the number that perf_event_open wants.
std::optional<std::uint64_t> parse_perf_event(std::string_view text);
// "2.3283064365386962890625e-10": units of the counter's unit for one count; positive.
std::optional<double> parse_perf_scale(std::string_view text);
// "0,18" or "0-3": the processors' numbers, at most 65536 of them.
std::optional<std::vector<int>> parse_cpu_list(std::string_view text);

}  // namespace wattline::meter
