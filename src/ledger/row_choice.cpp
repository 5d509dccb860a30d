#include "ledger/row_choice.h"

#include <algorithm>

#include <fmt/format.h>

#include "kernel/error.h"
#include "ledger/people/people.h"

namespace wattline::ledger {
namespace {

bool among(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// Imports may give rows a kind of their own, so what the account holds is known too. A misspelt kind would read as
// "nothing was used".
void demand_known(const std::string& kind, const Ledger& ledger) {
  std::vector<std::string> known{"run", "answer", "job", "training", "rented", "machine"};
  if (among(known, kind) || kind == "retraction") return;
  ledger.for_each_subtotal({}, [&](const Subtotal& sum) {
    if (!among(known, sum.like.fact.kind)) known.push_back(sum.like.fact.kind);
  });
  if (among(known, kind)) return;
  const auto near = nearest(kind, known, 1);
  throw bad_input(fmt::format("unknown kind of row '{}'{}", kind.substr(0, 80),
                              near.empty() ? "" : fmt::format("; did you mean '{}'?", near.front())),
                  "kind", fmt::format("known are {}; several are given as job,run", fmt::join(known, ", ")));
}

}  // namespace

bool RowChoice::holds(const Row& row) const {
  return (kinds.empty() || among(kinds, row.fact.kind)) &&
         std::all_of(where.begin(), where.end(), [&](const auto& w) { return key_of(row, w.first) == w.second; });
}

bool RowChoice::holds_all(const Row& row) const {
  const Time end = row.fact.end;
  return (!query.since || end >= *query.since) && (!query.until || end < *query.until) &&
         (query.kind.empty() || row.fact.kind == query.kind) && holds(row);
}

RowChoice row_choice(const RowsOptions& o, const Ledger& ledger) {
  RowChoice out;
  Query& query = out.query;
  if (!o.since.empty()) query.since = parse_moment(o.since, "since");
  if (!o.until.empty()) query.until = parse_moment(o.until, "until");
  if (query.since && query.until && *query.until <= *query.since)
    throw bad_input(fmt::format("until ({}) is not after since ({})", to_string(*query.until), to_string(*query.since)),
                    "until");
  out.kinds = words_of({o.kind});
  if (!o.kind.empty() && out.kinds.empty())
    throw bad_input(fmt::format("'{}' names no kind", o.kind.substr(0, 80)), "kind", "job, or several: job,run");
  for (const auto& kind : out.kinds) demand_known(kind, ledger);
  if (out.kinds.size() == 1) query.kind = std::exchange(out.kinds, {}).front();
  for (const auto& word : o.where) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0)
      throw bad_input(fmt::format("'{}' is no NAME=VALUE", word), "where", "model=glow-xs, place=FR, project=thesis");
    const std::string key = word.substr(0, equals), label = key.starts_with("label:") ? key.substr(6) : key;
    std::string value = word.substr(equals + 1);
    if (is_personal(label)) value = ledger.people().known(label, value).value_or(value);
    out.where.emplace_back(key, std::move(value));
  }
  return out;
}

}  // namespace wattline::ledger
