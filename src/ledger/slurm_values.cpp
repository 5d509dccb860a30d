#include "ledger/slurm_values.h"

#include <charconv>
#include <cmath>

#include "kernel/error.h"

namespace wattline::ledger {
namespace {

// Digits only: from_chars alone would take "-3" and "1e5".
std::optional<double> digits(std::string_view text, bool fraction) {
  if (text.empty() || text.size() > 15) return std::nullopt;
  bool dot = false;
  for (const char c : text) {
    if (c == '.' && fraction && !dot) dot = true;
    else if (c < '0' || c > '9') return std::nullopt;
  }
  double out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

double unit_in_gigabytes(char unit) {
  switch (unit) {
    case 'K':
    case 'k': return 1e-6;
    case 'M':
    case 'm': return 1e-3;
    case 'G':
    case 'g': return 1;
    case 'T':
    case 't': return 1e3;
    case 'P':
    case 'p': return 1e6;
    default: return 0;
  }
}

}  // namespace

std::optional<double> parse_slurm_duration(std::string_view text) {
  double days = 0;
  bool has_days = false;
  if (const auto dash = text.find('-'); dash != std::string_view::npos) {
    const auto d = digits(text.substr(0, dash), false);
    if (!d) return std::nullopt;
    days = *d;
    has_days = true;
    text.remove_prefix(dash + 1);
  }
  double part[3] = {};
  int parts = 0;
  for (std::size_t at = 0; at <= text.size(); ++parts) {
    if (parts == 3) return std::nullopt;
    const std::size_t colon = std::min(text.find(':', at), text.size());
    const bool last = colon == text.size();
    const auto value = digits(text.substr(at, colon - at), last);
    if (!value) return std::nullopt;
    part[parts] = *value;
    at = colon + 1;
  }
  double hours = 0, minutes = 0, seconds = 0;
  if (parts == 3) {
    hours = part[0], minutes = part[1], seconds = part[2];
    if (minutes >= 60) return std::nullopt;
  } else if (has_days) {
    hours = part[0], minutes = part[1];  // D-HH, D-HH:MM
    if (minutes >= 60) return std::nullopt;
  } else if (parts == 2) {
    minutes = part[0], seconds = part[1];
  } else {
    return std::nullopt;  // a bare number could be minutes or seconds
  }
  if (seconds >= 60 || (has_days && hours >= 24)) return std::nullopt;
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

std::optional<SlurmMemory> parse_slurm_memory(std::string_view text, char bare_unit) {
  if (text.empty()) return std::nullopt;
  SlurmMemory out;
  if (const char last = text.back(); last == 'n' || last == 'c') {
    out.per = last;
    text.remove_suffix(1);
  }
  char unit = bare_unit;
  if (!text.empty() && (text.back() < '0' || text.back() > '9') && text.back() != '.') {
    unit = text.back();
    text.remove_suffix(1);
  }
  const auto number = digits(text, true);
  const double scale = unit_in_gigabytes(unit);
  if (!number || scale == 0) return std::nullopt;
  out.gigabytes = *number * scale;
  return out;
}

namespace {

std::string_view next_item(std::string_view& list) {
  const std::size_t comma = std::min(list.find(','), list.size());
  const std::string_view item = list.substr(0, comma);
  list.remove_prefix(std::min(comma + 1, list.size()));
  return item;
}

}  // namespace

std::optional<std::string_view> slurm_tres(std::string_view tres, std::string_view name) {
  while (!tres.empty()) {
    const std::string_view item = next_item(tres);
    if (item.size() > name.size() && item.starts_with(name) && item[name.size()] == '=')
      return item.substr(name.size() + 1);
  }
  return std::nullopt;
}

double parse_slurm_gres(std::string_view gres) {
  double total = 0;
  while (!gres.empty()) {
    std::string_view item = next_item(gres);
    item = item.substr(0, item.find('('));
    if (item.starts_with("gres:")) item.remove_prefix(5);
    if (!item.starts_with("gpu")) continue;
    item.remove_prefix(3);
    if (!item.empty() && item[0] != ':') continue;
    const std::size_t last = item.rfind(':');
    const auto count = last == std::string_view::npos ? std::nullopt : digits(item.substr(last + 1), false);
    total += count.value_or(1);  // "gpu" and "gpu:a100" are one
  }
  return total;
}

double parse_slurm_gpus(std::string_view tres) {
  double total = 0, typed = 0;
  bool has_total = false;
  while (!tres.empty()) {
    std::string_view item = next_item(tres);
    constexpr std::string_view gpu = "gres/gpu";
    if (!item.starts_with(gpu)) continue;
    item.remove_prefix(gpu.size());
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    const auto count = digits(item.substr(equals + 1), false);
    if (!count) continue;
    if (equals == 0) {
      total += *count;
      has_total = true;
    } else if (item[0] == ':') {  // "gres/gpumem" and "gres/gpuutil" are not GPUs
      typed += *count;
    }
  }
  return has_total ? total : typed;
}

std::optional<Time> parse_slurm_time(std::string_view text) {
  // The shape first: a throw for each of a million "Unknown" would take a minute.
  if (text.size() < 10 || text.size() > 40 || text[4] != '-' || text[0] < '1' || text[0] > '2') return std::nullopt;
  try {
    return parse_time(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

std::string_view slurm_state(std::string_view text) {
  return text.substr(0, std::min(text.find_first_of(" +"), text.size()));
}

std::optional<std::int64_t> parse_slurm_count(std::string_view text) {
  double scale = 1;
  if (!text.empty() && (text.back() == 'K' || text.back() == 'M')) {
    scale = text.back() == 'K' ? 1e3 : 1e6;
    text.remove_suffix(1);
  }
  const auto number = digits(text, true);
  if (!number || *number * scale > 1e12) return std::nullopt;
  return std::llround(*number * scale);
}

}  // namespace wattline::ledger
