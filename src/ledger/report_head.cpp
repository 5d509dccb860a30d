#include "ledger/report_head.h"

#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/page_head.h"

namespace wattline::ledger {
namespace {

// A day where the moment is its beginning.
std::string moment(const std::string& text, const char* option) {
  const std::string full = to_string(parse_moment(text, option));
  return full.ends_with("T00:00:00Z") ? full.substr(0, 10) : full;
}

std::string choice(const RowsOptions& o) {
  std::vector<std::string> words;
  if (!o.kind.empty()) words.push_back("kind=" + o.kind);
  words.insert(words.end(), o.where.begin(), o.where.end());
  return fmt::format("{}", fmt::join(words, ", "));
}

}  // namespace

std::string asked_period(const RowsOptions& o) {
  if (o.since.empty() && o.until.empty()) return "";
  if (o.until.empty()) return moment(o.since, "since") + " on";
  if (o.since.empty()) return "all before " + moment(o.until, "until");
  return moment(o.since, "since") + " until " + moment(o.until, "until");
}

std::string title_prefix(const ReportOptions& o) {
  constexpr std::size_t longest = 200;
  const bool line = std::none_of(o.organisation.begin(), o.organisation.end(),
                                 [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (!line || o.organisation.size() > longest)
    throw bad_input("the organisation's name is no line of text", "organisation",
                    fmt::format("at most {} bytes without line breaks and control characters", longest));
  const std::string period = asked_period(o.rows);
  if (o.organisation.empty()) return period.empty() ? "" : period + ": ";
  return o.organisation + (period.empty() ? "" : ", " + period) + ": ";
}

Table report_head(const ReportOptions& o, const Context& context, const Ledger* ledger, const ReportExtent& extent) {
  Table t = page_head("About this report");
  const auto line = [&](std::string what, std::string value) { t.add_row({std::move(what), std::move(value)}); };
  if (!o.organisation.empty()) line("organisation", o.organisation);
  const std::string period = asked_period(o.rows);
  line("asked period", period.empty()         ? "all that was recorded"
                       : o.rows.until.empty() ? period + " (UTC)"
                                              : period + " (UTC; the end is no part of it)");
  if (const std::string chosen = choice(o.rows); !chosen.empty()) line("only rows of", chosen);
  line("rows", extent.rows == 0 ? std::string("none")
                                : fmt::format("{}, from {} to {}", extent.rows, extent.begin, extent.end));
  line("made", to_string(Time::now()));
  line("program", fmt::format("wattline {}, catalog {}", WATTLINE_VERSION, context.get<catalog::Catalog>().version()));
  line("account", std::filesystem::absolute(account_dir(context)).lexically_normal().string());
  if (!ledger) return t;
  line("rows in the account", std::to_string(ledger->size()));
  for (const auto& head : ledger->heads())
    line(fmt::format("head of the chain of {}", head.host.empty() ? head.writer : head.host),
         fmt::format("{} (row {})", head.hash, head.seq));
  return t;
}

}  // namespace wattline::ledger
