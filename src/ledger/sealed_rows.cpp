#include "ledger/sealed_rows.h"

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include <fmt/format.h>

#include "kernel/json.h"
#include "ledger/row_choice.h"
#include "ledger/segment.h"

namespace wattline::ledger {
namespace {

namespace fs = std::filesystem;

fs::path path_of(const Ledger& ledger, const Segment& s) { return segments_dir(ledger.file().parent_path()) / s.file; }

bool is_here(const fs::path& path) {
  std::error_code ignored;
  return fs::exists(path, ignored);
}

}  // namespace

SealedReading for_each_sealed_row(const Ledger& ledger, const RowsOptions& o, const Context& context,
                                  const std::function<void(const Row&)>& visit) {
  return for_each_sealed_row(ledger, row_choice(o, ledger), context, visit);
}

SealedReading for_each_sealed_row(const Ledger& ledger, const RowChoice& choice, const Context& context,
                                  const std::function<void(const Row&)>& visit) {
  SealedReading out;
  const auto segments = ledger.segments();
  const auto of_period = [&](const Segment& s) {
    return (!choice.query.since || s.last_end >= *choice.query.since) &&
           (!choice.query.until || s.first_end < *choice.query.until);
  };
  for (const auto& s : segments)
    if (of_period(s) && !is_here(path_of(ledger, s))) out.unseen += s.last_seq - s.first_seq + 1;
  if (std::none_of(segments.begin(), segments.end(), of_period)) return out;
  std::unordered_set<std::string> corrected;
  // A correction may end at another time than what it corrects.
  for (const auto& s : segments) {
    context.check_cancelled();
    if (const fs::path path = path_of(ledger, s); is_here(path)) add_corrected(path, corrected);
  }
  for (const auto& s : segments) {
    context.check_cancelled();
    const fs::path path = path_of(ledger, s);
    if (!of_period(s) || !is_here(path)) continue;
    for_each_sealed_text(path, [&](std::string_view text) {
      const Row row = parse_row(parse_json(text));
      if (row.fact.kind == "retraction" || !choice.holds_all(row)) return;
      if (corrected.contains(row.fact.uid) || !ledger.successor(row.fact.uid).empty()) return;
      ++out.rows;
      visit(row);
    });
  }
  return out;
}

void tell_of_unseen(const SealedReading& sealed, Result& out) {
  if (sealed.unseen == 0) return;
  out.warn(
      fmt::format("{} sealed in files that are not in the account's folder segments and not among these; put the "
                  "files back to count them",
                  sealed.unseen == 1 ? "1 row is" : fmt::format("{} rows are", sealed.unseen)));
}

bool is_named(const Row& row, const std::string& name) {
  return row.fact.uid == name || name == fmt::to_string(row.seq) || name == fmt::format("{}/{}", row.writer, row.seq);
}

std::optional<SealedPlace> find_sealed_hash(const Ledger& ledger, const std::string& hash) {
  const auto segments = ledger.segments();
  for (const auto& s : segments)
    if (s.last_hash == hash) return SealedPlace{s.writer, s.file, s.last_seq};
  for (const auto& s : segments) {
    const fs::path path = path_of(ledger, s);
    if (!is_here(path)) continue;
    std::optional<SealedPlace> found;
    std::int64_t seq = s.first_seq;
    for_each_sealed_text(path, [&](std::string_view text) {
      if (!found && hash_of(text) == hash) found = SealedPlace{s.writer, s.file, seq};
      ++seq;
    });
    if (found) return found;
  }
  return std::nullopt;
}

std::string sealed_text(const Ledger& ledger, const std::string& name) {
  const auto slash = name.rfind('/');
  const std::string writer = slash == std::string::npos ? "" : name.substr(0, slash);
  const std::string number = slash == std::string::npos ? name : name.substr(slash + 1);
  const bool is_number =
      !number.empty() && number.size() <= 18 && number.find_first_not_of("0123456789") == std::string::npos;
  const std::int64_t seq = is_number ? std::stoll(number) : 0;
  for (const auto& s : ledger.segments()) {
    const fs::path path = path_of(ledger, s);
    bool found = is_number && seq >= s.first_seq && seq <= s.last_seq && (writer.empty() || writer == s.writer);
    if (!found && is_here(path))
      for_each_sealed_text(path, [&](std::string_view text) {
        found = found || (text.find(name) != text.npos && parse_row(parse_json(text)).fact.uid == name);
      });
    if (found)
      return fmt::format(
          "row {} is sealed in {}: it stands in reports and exports, and can no more be shown or changed",
          name.substr(0, 80), path.string());
  }
  return "";
}

}  // namespace wattline::ledger
