#include "ledger/account.h"

#include <algorithm>

#include <fmt/format.h>

#include "catalog/catalog.h"
#include "kernel/error.h"
#include "kernel/units.h"
#include "ledger/journal_file.h"
#include "ledger/people/people.h"
#include "ledger/row_choice.h"
#include "ledger/run_records.h"

namespace wattline::ledger {

std::filesystem::path account_dir(const Context& context) {
  const auto* location = context.find<Location>();
  return location ? location->dir() : default_dir();
}

namespace {

std::string factor_set_of(const Context& context) {
  const auto* catalog = context.find<catalog::Catalog>();
  return catalog ? catalog->version() : "";
}

}  // namespace

std::shared_ptr<Ledger> open_with_leftovers(const std::filesystem::path& dir, const std::string& factor_set) {
  OpenOptions options;
  options.factor_set = factor_set;
  auto ledger = Ledger::open(dir, OpenMode::write, options);
  try {
    adopt_journals(dir, [&](auto facts, auto factors) { ledger->record_all(facts, factors); });
  } catch (const Error&) {
    // They stay where they are; what is to be recorded now is not held up by them.
  }
  return ledger;
}

std::shared_ptr<Ledger> account(const Context& context) {
  try {
    std::shared_ptr<Ledger> ledger;
    adopt_journals(account_dir(context), [&](auto facts, auto factors) {
      if (!ledger) ledger = Ledger::open(account_dir(context), OpenMode::write);
      ledger->record_all(facts, factors);
    });
  } catch (const Error&) {
    // Who may only read sees what is in the account.
  }
  try {
    return Ledger::open(account_dir(context), OpenMode::read);
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::not_found) throw;
    return nullptr;
  }
}

std::shared_ptr<Ledger> writable_account(const Context& context) {
  return open_with_leftovers(account_dir(context), factor_set_of(context));
}

std::string no_account_text(const Context& context) {
  return fmt::format(
      "There is no account in {} yet: nothing has been recorded. `wattline run -- COMMAND` and every answer "
      "of the gateway record into it; --ledger DIR names another folder.",
      account_dir(context).string());
}

const Fields<RowsOptions>& rows_fields() {
  using O = RowsOptions;
  static const Fields<O> fields =
      Fields<O>()
          .text("since", &O::since, "from this date, time, or so long ago: 2026-11-01, 7d, 12h")
          .text("until", &O::until, "before this date, time, or so long ago")
          .text("kind", &O::kind, "only rows of this kind, or of some: run, answer, job, training, rented (job,run)")
          .list("where", &O::where, "only rows of this model, place, device or label: model=glow-xs, project=thesis");
  return fields;
}

std::vector<std::string> words_of(const std::vector<std::string>& lists) {
  std::vector<std::string> out;
  for (const auto& list : lists)
    for (std::size_t at = 0; at <= list.size();) {
      const std::size_t comma = std::min(list.find(',', at), list.size());
      if (comma > at) out.push_back(list.substr(at, comma - at));
      at = comma + 1;
    }
  return out;
}

Time parse_moment(const std::string& text, const std::string& option) {
  try {
    const bool ago = !text.empty() && text.find_first_of("-:TZ") == std::string::npos &&
                     text.find_first_of("smhdwy") != std::string::npos;
    if (!ago) return parse_time(text);
    const auto back = parse<Duration>(text);
    if (back.base() > 200 * units::year.base()) throw bad_input(fmt::format("'{}' is too long ago", text));
    return Time::now() + -back;
  } catch (const Error& e) {
    throw bad_input(e.message(), option,
                    "a date (2026-11-24), a time (2026-11-24T12:00:00Z), or how long ago (7d, 12h)");
  }
}

std::optional<Row> find_row(const Ledger& ledger, const std::string& name) {
  if (auto row = ledger.find(name)) return row;
  const auto slash = name.rfind('/');
  const std::string writer = slash == std::string::npos ? "" : name.substr(0, slash);
  const std::string number = slash == std::string::npos ? name : name.substr(slash + 1);
  if (number.empty() || number.size() > 18 || number.find_first_not_of("0123456789") != std::string::npos)
    return std::nullopt;
  std::vector<Row> rows = ledger.numbered(std::stoll(number));
  if (slash != std::string::npos) std::erase_if(rows, [&](const Row& row) { return row.writer != writer; });
  if (rows.empty()) return std::nullopt;
  if (rows.size() > 1) {
    std::vector<std::string> names;
    for (const auto& row : rows) names.push_back(fmt::format("{}/{}", row.writer, row.seq));
    throw bad_input(fmt::format("{} hosts have a row {}", rows.size(), number), "row",
                    fmt::format("say which: {}", fmt::join(names, ", ")));
  }
  return rows[0];
}

const std::vector<std::string>& row_keys() {
  static const std::vector<std::string> keys{"kind",   "model", "device", "place", "method",
                                             "writer", "day",   "month",  "label"};
  return keys;
}

std::string key_of(const Row& row, const std::string& key) {
  const Fact& f = row.fact;
  if (key == "kind") return f.kind;
  if (key == "model") return f.model;
  if (key == "device") return f.device;
  if (key == "place") return f.place;
  if (key == "method") return std::string(to_string(f.energy.method()));
  if (key == "writer") return row.writer;
  if (key == "day") return to_string(f.end).substr(0, 10);
  if (key == "month") return to_string(f.end).substr(0, 7);
  if (key == "label") return labels_text(f.labels);
  const std::string name = key.starts_with("label:") ? key.substr(6) : key;
  for (const auto& [label, value] : f.labels)
    if (label == name) return value;
  return "";
}

std::string shown(const Ledger& ledger, const std::string& value) {
  if (!is_pseudonym(value)) return value;
  return ledger.people().name_of(value).value_or(value);
}

std::vector<std::pair<std::string, std::string>> shown(const Ledger& ledger,
                                                       std::vector<std::pair<std::string, std::string>> labels) {
  for (auto& [label, value] : labels) value = shown(ledger, value);
  return labels;
}

namespace {

// Says how far reading has come, and ends it when that is wished.
class Reading {
 public:
  Reading(const Ledger& ledger, const Context& context)
      : context_(context), total_(static_cast<double>(std::max<std::int64_t>(1, ledger.size()))) {}
  void read(std::int64_t rows) {
    seen_ += rows;
    if (calls_++ % 1024 != 0) return;
    context_.check_cancelled();
    context_.progress(std::min(1.0, static_cast<double>(seen_) / total_), "reading the account");
  }

 private:
  const Context& context_;
  double total_;
  std::int64_t seen_ = 0, calls_ = 0;
};

}  // namespace

void for_each_row(const Ledger& ledger, const RowsOptions& o, const Context& context, bool superseded,
                  const std::function<void(const Row&)>& visit) {
  RowChoice choice = row_choice(o, ledger);
  choice.query.superseded = superseded;
  Reading reading(ledger, context);
  ledger.for_each(choice.query, [&](const Row& row) {
    reading.read(1);
    if (choice.holds(row)) visit(row);
  });
}

void for_each_subtotal(const Ledger& ledger, const RowsOptions& o, const Context& context,
                       const std::function<void(const Subtotal&)>& visit) {
  const RowChoice choice = row_choice(o, ledger);
  Reading reading(ledger, context);
  ledger.for_each_subtotal(choice.query, [&](const Subtotal& sum) {
    reading.read(sum.rows);
    if (choice.holds(sum.like)) visit(sum);
  });
}

}  // namespace wattline::ledger
