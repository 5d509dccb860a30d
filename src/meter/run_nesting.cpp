#include "meter/run_nesting.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>
#include <unistd.h>

#include "meter/proc_files.h"
#include "meter/roots.h"

namespace wattline::meter {
namespace {

constexpr const char* variable = "WATTLINE_RUN";

// When the process began, in ticks after boot: tells a number given anew from the old process.
std::optional<std::uint64_t> began(std::int64_t pid) {
  const auto text = read_small_file(fmt::format("/proc/{}/stat", pid), 4096);
  const auto stat = text ? parse_process_stat(*text) : std::nullopt;
  return stat ? std::optional(stat->start_ticks) : std::nullopt;
}

}  // namespace

std::pair<std::string, std::string> mark_of_this_run() {
  const auto own = began(::getpid());
  return {variable, own ? fmt::format("{} {}", ::getpid(), *own) : std::string()};
}

std::optional<std::int64_t> outer_run() {
  const char* mark = std::getenv(variable);
  if (!mark) return std::nullopt;
  const std::string_view text = mark;
  const auto blank = text.find(' ');
  if (blank == text.npos) return std::nullopt;
  std::int64_t pid = 0;
  std::uint64_t start = 0;
  const char* const end = text.data() + text.size();
  if (std::from_chars(text.data(), text.data() + blank, pid).ptr != text.data() + blank ||
      std::from_chars(text.data() + blank + 1, end, start).ptr != end || pid <= 0 || pid == ::getpid())
    return std::nullopt;
  const auto then = began(pid);
  return then && *then == start ? std::optional(pid) : std::nullopt;
}

}  // namespace wattline::meter
