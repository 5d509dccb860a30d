#include "ledger/training/account_rows.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/sealed_rows.h"

namespace wattline::ledger::training {
namespace {

constexpr std::size_t most_rows = 100'000;

}  // namespace

bool RowChoice::any() const {
  return !runs.empty() || !rows.since.empty() || !rows.until.empty() || !rows.kind.empty() || !rows.where.empty();
}

std::vector<Row> chosen_rows(const RowChoice& choice, const Context& context, Result& report) {
  const auto ledger = account(context);
  if (!ledger) throw Error(ErrorKind::not_found, no_account_text(context));
  const bool by_name = !choice.runs.empty();
  std::set<std::string> wanted, wanted_sealed;  // uids; names
  if (by_name) {
    RowChoice others = choice;
    others.runs.clear();
    if (others.any())
      throw bad_input("rows are chosen by name and by what they have in common", "run",
                      "give --run, or --where, --kind, --since and --until");
    for (const auto& name : words_of(choice.runs)) {
      const auto row = find_row(*ledger, name);
      if (!row && !sealed_text(*ledger, name).empty()) {
        wanted_sealed.insert(name);
        continue;
      }
      if (!row)
        throw Error(ErrorKind::not_found, fmt::format("the account has no row '{}'", name), "run",
                    "wattline ledger list shows what there is");
      wanted.insert(row->fact.uid);
    }
  }
  std::vector<Row> out;
  const auto take = [&](const Row& row) {
    if (out.size() == most_rows)
      throw bad_input(fmt::format("more than {} rows are of that choice", most_rows), "where",
                      "choose one training run: --where project=thesis, --kind run, --since");
    out.push_back(row);
  };
  if (!by_name || !wanted_sealed.empty())
    tell_of_unseen(for_each_sealed_row(*ledger, choice.rows, context,
                                       [&](const Row& row) {
                                         const auto named = [&](const auto& name) { return is_named(row, name); };
                                         if (!by_name || std::erase_if(wanted_sealed, named) > 0) take(row);
                                       }),
                   report);
  for_each_row(*ledger, choice.rows, context, false, [&](const Row& row) {
    if (!by_name || wanted.erase(row.fact.uid) > 0) take(row);
  });
  wanted.merge(wanted_sealed);
  if (!wanted.empty())
    throw bad_input(
        fmt::format("row '{}' was corrected or retracted by a later one, or is sealed in a file that is not "
                    "here",
                    *wanted.begin()),
        "run", "wattline ledger list --superseded shows both; wattline ledger verify says which files lack");
  if (out.empty())
    throw Error(ErrorKind::not_found, "no row of the account is of this period and choice", "where",
                "wattline ledger list shows what there is");
  std::stable_sort(out.begin(), out.end(), [](const Row& a, const Row& b) { return a.fact.begin < b.fact.begin; });
  return out;
}

double busy_seconds(const std::vector<Row>& rows) {
  double out = 0;
  Time until{INT64_MIN};
  for (const auto& row : rows) {
    const Time from = std::max(until, row.fact.begin);
    if (row.fact.end <= from) continue;
    out += (row.fact.end - from).base();
    until = row.fact.end;
  }
  return out;
}

Table rows_table(const std::vector<Row>& rows) {
  Table t("training.rows.v1");
  t.title = "Rows of the account";
  t.text("run").number("duration", "s").number("energy", "Wh").number("low", "Wh").number("high", "Wh");
  t.number("power", "W", "mean").text("method").text("device").text("place").text("epoch").time("begin");
  for (const auto& row : rows) {
    const Fact& f = row.fact;
    const double seconds = (f.end - f.begin).base();
    const Measure e = f.energy.measure("Wh");
    t.add_row({f.uid, seconds, e.value, e.interval.low, e.interval.high,
               seconds > 0 ? Table::Cell(f.energy.value().base() / seconds) : Table::Cell(),
               std::string(to_string(e.method)), f.device, f.place, key_of(row, "label:epoch"), f.begin});
  }
  return t;
}

}  // namespace wattline::ledger::training
