#include "meter/phases/phase_line.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "kernel/utf8.h"

namespace wattline::meter {
namespace {

std::string_view trimmed(std::string_view s) {
  const auto first = s.find_first_not_of(" \t\r"), last = s.find_last_not_of(" \t\r");
  return first == s.npos ? std::string_view() : s.substr(first, last - first + 1);
}

std::string_view take_word(std::string_view& rest) {
  const auto stop = std::min(rest.find_first_of(" \t"), rest.size());
  const std::string_view word = rest.substr(0, stop);
  rest = trimmed(rest.substr(stop));
  return word;
}

}  // namespace

std::optional<PhaseLine> parse_phase_line(std::string_view line) {
  std::string_view rest = trimmed(line);
  const std::string_view verb = take_word(rest);
  PhaseLine out;
  if (verb == "begin") out.verb = PhaseVerb::begin;
  else if (verb == "end") out.verb = PhaseVerb::end;
  else if (verb == "mark") out.verb = PhaseVerb::mark;
  else if (verb == "next") out.verb = PhaseVerb::next;
  else return std::nullopt;
  if (rest.starts_with('@')) {
    std::string_view after = rest;
    const std::string_view stamp = take_word(after).substr(1);
    double seconds = 0;
    const auto [stop, ec] = std::from_chars(stamp.data(), stamp.data() + stamp.size(), seconds);
    // A name may begin with @ too.
    if (ec == std::errc() && stop == stamp.data() + stamp.size() && std::isfinite(seconds) && seconds >= 0) {
      out.seconds = seconds;
      rest = after;
    }
  }
  const bool needs_name = out.verb == PhaseVerb::begin || out.verb == PhaseVerb::end;
  if ((needs_name && rest.empty()) || (out.verb == PhaseVerb::next && !rest.empty())) return std::nullopt;
  if (rest.size() > longest_phase_name || valid_utf8_prefix(rest) != rest.size()) return std::nullopt;
  if (std::any_of(rest.begin(), rest.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; })) return std::nullopt;
  out.name = rest;
  return out;
}

}  // namespace wattline::meter
