// What the account has already, for an import: uids, and files that were imported whole.
#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/time.h"
#include "ledger/database.h"
#include "ledger/row.h"

namespace wattline::ledger {
class RowReader;
}

namespace wattline::ledger::imports {

// A file that is in the account row by row: its bytes, and the options that its rows depend on.
struct ImportedFile {
  std::string digest;  // SHA-256 of its bytes
  std::string options;
  std::int64_t bytes = 0, records = 0;
  std::int64_t facts = 0;  // of the records
  Time recorded;
};

// Sealed rows among them. Without an account: none. Answers are of some moment since the last thousand questions:
// what others record meanwhile may be missing.
class KnownRows {
 public:
  explicit KnownRows(const std::filesystem::path& account_dir);
  ~KnownRows();
  bool has(std::string_view uid);
  // A row whose uid begins with `beginning` and that no later row corrects; "" when there is none.
  std::string begins(std::string_view beginning);
  // Whether any row's uid begins so.
  bool any(std::string_view beginning);
  // The row that stands in sums for this uid by now: itself, the last of its corrections, or their retraction. Nothing
  // when it is not there or sealed.
  std::optional<Row> standing(std::string_view uid);
  // Between questions: lets the account's log be folded into its file.
  void rest() { moment_.reset(); }
  // The same file under the same options, if no row of the account was corrected since. `digest` is asked only where one of its size was imported.
  template <class Digest>
  std::optional<ImportedFile> file(std::int64_t bytes, std::string_view options, Digest digest) {
    if (!has_file_of(bytes)) return std::nullopt;
    return find_file(digest(), options);
  }

 private:
  bool has_file_of(std::int64_t bytes);
  std::optional<ImportedFile> find_file(const std::string& digest, std::string_view options);
  void renew();
  std::string first_of(std::string_view beginning, std::initializer_list<Statement*>);

  std::unique_ptr<Database> database_;
  // One read transaction for many questions: beginning one costs more than a look into the index.
  std::unique_ptr<ReadTransaction> moment_;
  int asked_ = 0;
  std::unique_ptr<Statement> one_, sealed_, range_, sealed_range_, row_, successor_, any_;
  std::unique_ptr<RowReader> reader_;
};

}  // namespace wattline::ledger::imports
