// What the capabilities that read the account share: where it lies, which rows are meant, and the keys
// that rows are grouped and chosen by.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernel/context.h"
#include "kernel/options.h"
#include "ledger/ledger.h"

namespace wattline::ledger {

// The place given to this program, else the default.
std::filesystem::path account_dir(const Context&);
// The account for writing, with what killed gateways left in their journals taken in (journal_file.h).
std::shared_ptr<Ledger> open_with_leftovers(const std::filesystem::path& dir, const std::string& factor_set);
// The account for reading, leftovers as above where the folder can be written; nullptr when nothing has been
// recorded yet.
std::shared_ptr<Ledger> account(const Context&);
// For writing; rows carry the version of the catalog in the context.
std::shared_ptr<Ledger> writable_account(const Context&);
// "there is no account in DIR yet ..."
std::string no_account_text(const Context&);

struct RowsOptions {
  std::string since, until;  // a date, a time, or how long ago ("7d")
  std::string kind;
  std::vector<std::string> where;  // "model=glow-xs", "project=thesis"
};
const Fields<RowsOptions>& rows_fields();

// The rows that the options mean; progress and cancellation are the context's.
void for_each_row(const Ledger&, const RowsOptions&, const Context&, bool superseded,
                  const std::function<void(const Row&)>&);

// The same rows added up by hour and by what they have in common: the way to sums of many.
void for_each_subtotal(const Ledger&, const RowsOptions&, const Context&, const std::function<void(const Subtotal&)>&);
// A row by its uid, by its number in the chain ("17"), or by both where several hosts wrote ("4c12a161cc1c/17").
// Error when a number means several rows.
std::optional<Row> find_row(const Ledger&, const std::string& name);

// kind, model, device, place, method, writer, day, month, label (all of them); any other word is a label.
const std::vector<std::string>& row_keys();
// "" when the row has none. "label:kind" is the label of that name.
std::string key_of(const Row&, const std::string& key);

// The same as its owner reads it: pseudonyms of people whose names are known here as those names.
std::string shown(const Ledger&, const std::string& value);
std::vector<std::pair<std::string, std::string>> shown(const Ledger&, std::vector<std::pair<std::string, std::string>>);

// "2026-11-24", "2026-11-24T12:00Z" or "7d", "12h" before now; Error names the option.
Time parse_moment(const std::string& text, const std::string& option);
// Splits "a,b" and repeated options alike.
std::vector<std::string> words_of(const std::vector<std::string>&);

}  // namespace wattline::ledger
