// Brings the facts of a file into the account, all of them or none, whatever their number and whenever a kill or an
// Error comes. Some ten thousand are held back and written in one transaction; where there are more, all go through
// a staged chain (ledger/staging.h) in short transactions, so that others write in between, and become part of the
// account in one moment at the end.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "kernel/account.h"
#include "ledger/imports/known_rows.h"

namespace wattline::ledger::imports {

class AccountWriter {
 public:
  // `factor_set`: the catalog's version for facts that bring none of their own. A dry run writes nothing. More than
  // `held_back` facts are staged.
  AccountWriter(std::filesystem::path account_dir, std::string factor_set, bool dry_run,
                std::size_t held_back = 20'000);
  ~AccountWriter();

  KnownRows& known() { return known_; }
  // Error bad_input where no fact can be so (row.h).
  void add(Fact, std::string_view factor_set = {});
  // Takes the place of a row.
  void correct(std::string uid, Fact);
  // Only now is any of it in the account. `file`: as what it is remembered.
  void finish(const ImportedFile* file = nullptr);

 private:
  struct Held {
    Fact fact;
    std::string factor_set;  // "" the usual one
    std::string corrects;
  };
  struct Open;
  void hold(Held);
  void write_held();

  std::filesystem::path dir_;
  std::string factor_set_;
  bool dry_run_;
  std::size_t most_held_;
  KnownRows known_;
  std::vector<Held> held_;
  std::unique_ptr<Open> open_;
};

}  // namespace wattline::ledger::imports
