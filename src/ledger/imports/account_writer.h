// Brings the facts of a file into the account, all of them or none: in one transaction, of whatever size, that a kill
// or an Error undoes. Facts are held back until there are many of them, so that the account is not locked while a
// slow file is read; then they go into the open transaction and not into memory.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/account.h"
#include "ledger/chain_writer.h"
#include "ledger/database.h"
#include "ledger/ledger.h"

namespace wattline::ledger::imports {

// Which uids the account has, sealed rows among them. Without an account: none.
class KnownRows {
 public:
  explicit KnownRows(const std::filesystem::path& account_dir);
  bool has(std::string_view uid);
  // A row whose uid begins with `beginning` and that no later row corrects; "" when there is none.
  std::string begins(std::string_view beginning);

 private:
  std::unique_ptr<Database> database_;
  std::unique_ptr<Statement> one_, sealed_, range_, sealed_range_;
};

class AccountWriter {
 public:
  // `factor_set`: the catalog's version for facts that bring none of their own. A dry run writes nothing.
  AccountWriter(std::filesystem::path account_dir, std::string factor_set, bool dry_run,
                std::size_t held_back = 50'000);
  ~AccountWriter();

  KnownRows& known() { return known_; }
  // Error bad_input where no fact can be so (row.h).
  void add(Fact, std::string_view factor_set = {});
  // Takes the place of a row.
  void correct(std::string uid, Fact);
  // Only now is any of it in the account.
  void finish();

 private:
  struct Open;
  void write_held();

  std::filesystem::path dir_;
  std::string factor_set_;
  bool dry_run_;
  std::size_t most_held_;
  KnownRows known_;
  std::vector<Fact> held_;
  std::vector<std::string> factor_sets_;  // of each held fact, empty when all have the usual one
  std::vector<std::pair<std::string, Fact>> corrections_;
  std::unique_ptr<Open> open_;
};

}  // namespace wattline::ledger::imports
