// Who is behind labels that name people. The account, which keeps rows for ever, holds pseudonyms: "~" and twelve
// hexadecimal digits of HMAC-SHA-256 of the name under a salt that each person has alone. Name and salt lie in
// people.sqlite beside it, which auditors need not be given. Erasing a person destroys both: the rows stay, and
// nobody can tell any more whose they were, not even by trying names.
//
// Personal are the labels user, email, end_user and person. Rows of before, and of older programs, hold what they hold.
// Thread-safe; any number of processes.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "kernel/account.h"
#include "ledger/database.h"

namespace wattline::ledger {

bool is_personal(std::string_view label);
bool is_pseudonym(std::string_view value);

class People {
 public:
  static constexpr std::string_view file_name = "people.sqlite";
  // The file is made when the first person is.
  explicit People(std::filesystem::path account_dir, std::chrono::milliseconds busy_timeout);
  ~People();

  // The label's value to keep: of a personal label the person's pseudonym, made if it is the first time.
  std::string pseudonym(std::string_view label, std::string_view name);
  // Whether a fact names a person, and the fact with pseudonyms instead.
  static bool names_people(const Fact&);
  Fact without_names(const Fact&);

  // The person behind a pseudonym; nothing when erased or never known here.
  std::optional<std::string> name_of(std::string_view pseudonym);
  std::optional<std::string> known(std::string_view label, std::string_view name);
  // Forgets that person; false: there was none.
  bool erase(std::string_view label, std::string_view name);
  std::size_t size();

 private:
  bool open(bool make);
  void forget_what_others_changed();
  std::optional<std::string> find(std::string_view label, std::string_view name);
  const std::filesystem::path file_;
  const std::chrono::milliseconds busy_timeout_;
  std::mutex mutex_;
  std::unique_ptr<Database> database_;
  bool writes_ = false;  // it was opened so
  std::int64_t version_ = 0;  // of the data, as this connection sees it
  std::unordered_map<std::string, std::string> pseudonyms_;  // by label and name
};

}  // namespace wattline::ledger
