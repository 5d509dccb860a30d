// Facts whose uid the account has already: the same as there, or otherwise by now (other options, another catalog), or
// retracted. A row that was put right by hand (`ledger correct`) stays as it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernel/account.h"
#include "kernel/result.h"
#include "ledger/imports/account_writer.h"

namespace wattline::ledger::imports {

enum class Changed { refuse, correct, keep };  // facts that were recorded before as something else
enum class Retracted { leave, restore };  // facts that were recorded before and retracted

// "place DE there, FR here; energy 600 kJ there, 1.05 MJ here"; "" where a row of the account tells the same. Names of
// people, of files, and reasons are not compared.
std::string difference(const Fact& there, const Fact& here);

class Merge {
 public:
  explicit Merge(AccountWriter& writer, Changed changed = Changed::keep, Retracted retracted = Retracted::leave)
      : writer_(writer), changed_(changed), retracted_(retracted) {}

  // A fact of which writer.known() has the uid. Error bad_input at `where` when it changed and that is refused.
  void known(Fact&&, const std::string& where);
  // The same of a fact that is not compared: a row of another account, which may have been put right there.
  void known_by_name(Fact&&);

  std::int64_t same = 0, corrected = 0, restored = 0;
  // Left as they are: `same` counts these too.
  std::int64_t different = 0, withdrawn = 0, by_hand = 0, sealed = 0;

  // "0 new, 1 known, 2 corrected, 1 restored"
  std::string counts(std::int64_t fresh) const;
  // Names what was left as it is, and the way to mend it. `what`: "job", "row".
  void tell(Result&, const std::string& what) const;

 private:
  std::string free_uid(const std::string& uid);
  void replace(const Row& row, Fact&&, std::int64_t& count);
  bool was_retracted(const Row& row, Fact&);  // and what becomes of it

  AccountWriter& writer_;
  Changed changed_;
  Retracted retracted_;
  std::vector<std::string> different_, withdrawn_;  // the first few
};

}  // namespace wattline::ledger::imports
