#include "kernel/error.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <numeric>

#include <fmt/format.h>

namespace wattline {

Error::Error(ErrorKind kind, std::string message, std::string where, std::string hint)
    : kind_(kind), message_(std::move(message)), where_(std::move(where)), hint_(std::move(hint)) {
  text_ = where_.empty() ? message_ : where_ + ": " + message_;
  if (!hint_.empty()) text_ += " (" + hint_ + ")";
}

Error Error::at(std::string_view outer_where) const {
  std::string where(outer_where);
  if (!where_.empty()) where += (where.empty() ? "" : ": ") + where_;
  return Error(kind_, message_, std::move(where), hint_);
}

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input: return "bad_input";
    case ErrorKind::not_found: return "not_found";
    case ErrorKind::denied: return "denied";
    case ErrorKind::world: return "world";
    case ErrorKind::unsupported: return "unsupported";
    case ErrorKind::cancelled: return "cancelled";
  }
  return "unknown";
}

int exit_code(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input:
    case ErrorKind::not_found: return 2;
    case ErrorKind::denied:
    case ErrorKind::world:
    case ErrorKind::unsupported: return 3;
    case ErrorKind::cancelled: return 130;
  }
  return 3;
}

Error bad_input(std::string message, std::string where, std::string hint) {
  return Error(ErrorKind::bad_input, std::move(message), std::move(where), std::move(hint));
}

Error world_error(std::string message, std::string where, std::string hint) {
  return Error(ErrorKind::world, std::move(message), std::move(where), std::move(hint));
}

Error errno_error(std::string_view action, std::string_view path, int errno_value) {
  const ErrorKind kind = errno_value == ENOENT                           ? ErrorKind::not_found
                         : errno_value == EACCES || errno_value == EPERM ? ErrorKind::denied
                                                                         : ErrorKind::world;
  return Error(kind, fmt::format("cannot {} {}: {}", action, path, std::strerror(errno_value)));
}

namespace {

std::string folded(std::string_view s) {
  std::string out;
  for (unsigned char c : s)
    if (std::isalnum(c) || c >= 0x80) out += static_cast<char>(std::tolower(c));
  return out;
}

// Levenshtein distance with adjacent transpositions.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  std::iota(last.begin(), last.end(), 0);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] != b[j - 1])});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[b.size()];
}

}  // namespace

std::vector<std::string> nearest(std::string_view name, std::span<const std::string> known, std::size_t limit) {
  // Names this long are hostile or a mistake: comparing them would only cost time.
  const std::string wanted = folded(name.substr(0, 100));
  struct Scored {
    double score;
    std::size_t index;
  };
  std::vector<Scored> scored;
  for (std::size_t i = 0; i < known.size(); ++i) {
    const std::string candidate = folded(known[i]);
    if (candidate.empty() || wanted.empty()) continue;
    double score = static_cast<double>(edit_distance(wanted, candidate)) /
                   static_cast<double>(std::max(wanted.size(), candidate.size()));
    // A piece of the name is a better clue than its number of differing letters, and a beginning of it
    // the best: who asks for "H100" means one of the H100, not the H200.
    if (candidate.starts_with(wanted)) score = std::min(score, wanted.size() >= 4 ? 0.05 : 0.2);
    else if (wanted.starts_with(candidate)) score = std::min(score, 0.2);
    else if (candidate.find(wanted) != std::string::npos) score = std::min(score, 0.35);
    if (score <= 0.45) scored.push_back({score, i});
  }
  std::stable_sort(scored.begin(), scored.end(), [](const Scored& a, const Scored& b) { return a.score < b.score; });
  std::vector<std::string> out;
  for (const auto& s : scored) {
    if (out.size() == limit) break;
    if (std::find(out.begin(), out.end(), known[s.index]) == out.end()) out.push_back(known[s.index]);
  }
  return out;
}

Error unknown_name(std::string_view what, std::string_view name, std::span<const std::string> known,
                   std::string list_command) {
  const auto near = nearest(name, known);
  std::string message = fmt::format("unknown {} '{}'", what, name.substr(0, 100));
  if (!near.empty()) {
    message += "; did you mean ";
    for (std::size_t i = 0; i < near.size(); ++i)
      message += fmt::format("{}'{}'", i == 0 ? "" : i + 1 == near.size() ? " or " : ", ", near[i]);
    message += "?";
  } else if (!known.empty() && known.size() <= 12) {
    message += fmt::format("; known are {}", fmt::join(known, ", "));
  }
  return Error(ErrorKind::not_found, std::move(message), {},
               list_command.empty() ? "" : fmt::format("`{}` lists all", list_command));
}

}  // namespace wattline
