#include "ledger/people/people.h"

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <unistd.h>

#include "kernel/error.h"

namespace wattline::ledger {
namespace fs = std::filesystem;
namespace {

constexpr std::array<std::string_view, 4> personal{"user", "email", "end_user", "person"};
constexpr std::size_t digits = 12, most_remembered = 50'000;

std::string hex(const unsigned char* bytes, std::size_t n) {
  std::string out;
  for (std::size_t i = 0; i < n; ++i) out += fmt::format("{:02x}", bytes[i]);
  return out;
}

std::string key_of(std::string_view label, std::string_view name) {
  return std::string(label) + '\x1f' + std::string(name);
}

}  // namespace

bool is_personal(std::string_view label) {
  return std::find(personal.begin(), personal.end(), label) != personal.end();
}

bool is_pseudonym(std::string_view v) {
  return v.size() == digits + 1 && v[0] == '~' && v.find_first_not_of("0123456789abcdef", 1) == std::string_view::npos;
}

People::People(fs::path account_dir, std::chrono::milliseconds busy_timeout)
    : file_(account_dir / file_name), busy_timeout_(busy_timeout) {}

People::~People() = default;

// Erased text must not stay in free pages or a log: no write-ahead log, and deleted bytes are overwritten.
bool People::open(bool make) {
  if (database_ && (writes_ || !make)) return true;
  std::error_code ignored;
  if (!make && !fs::exists(file_, ignored)) return false;
  database_.reset();
  if (make) {
    // Names are for their owner alone; what SQLite puts beside the file has its mode.
    const int made = ::open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (made >= 0) ::close(made);
  }
  auto database =
      std::make_unique<Database>(file_, make ? Database::Access::create : Database::Access::read, busy_timeout_);
  if (make) {
    database->run("PRAGMA secure_delete = ON; PRAGMA synchronous = FULL");
    database->run(
        "CREATE TABLE IF NOT EXISTS people (pseudonym TEXT PRIMARY KEY, label TEXT NOT NULL, name TEXT NOT NULL,"
        " salt TEXT NOT NULL, UNIQUE (label, name)) WITHOUT ROWID");
  }
  database_ = std::move(database);
  writes_ = make;
  pseudonyms_.clear();
  return true;
}

// Another process may have erased somebody whom this one remembers.
void People::forget_what_others_changed() {
  const std::int64_t version = database_->integer("PRAGMA data_version");
  if (version != version_) pseudonyms_.clear();
  version_ = version;
}

std::optional<std::string> People::find(std::string_view label, std::string_view name) {
  Statement s(*database_, "SELECT pseudonym FROM people WHERE label = ? AND name = ?");
  s.bind(label).bind(name);
  if (!s.step()) return std::nullopt;
  return std::string(s.text(0));
}

std::string People::pseudonym(std::string_view label, std::string_view name) {
  if (name.empty() || is_pseudonym(name)) return std::string(name);
  std::lock_guard lock(mutex_);
  std::string key = key_of(label, name);
  open(true);
  forget_what_others_changed();
  if (const auto it = pseudonyms_.find(key); it != pseudonyms_.end()) return it->second;
  Transaction transaction(*database_);
  auto known = find(label, name);
  while (!known) {
    unsigned char salt[16], mac[EVP_MAX_MD_SIZE];
    unsigned int size = 0;
    if (RAND_bytes(salt, sizeof salt) != 1 ||
        !HMAC(EVP_sha256(), salt, sizeof salt, reinterpret_cast<const unsigned char*>(key.data()), key.size(), mac,
              &size))
      throw world_error("OpenSSL makes no random numbers here", {}, "check its configuration");
    const std::string made = "~" + hex(mac, digits / 2), salt_text = hex(salt, sizeof salt);
    Statement taken(*database_, "SELECT 1 FROM people WHERE pseudonym = ?");
    taken.bind(made);
    if (taken.step()) continue;
    taken.reset();
    using View = std::string_view;
    Statement(*database_, "INSERT INTO people VALUES (?,?,?,?)").run(View(made), label, name, View(salt_text));
    known = made;
  }
  transaction.commit();
  if (pseudonyms_.size() >= most_remembered) pseudonyms_.clear();
  pseudonyms_.emplace(std::move(key), *known);
  return *known;
}

bool People::names_people(const Fact& f) {
  return std::any_of(f.labels.begin(), f.labels.end(), [](const auto& l) {
    return is_personal(l.first) && !l.second.empty() && !is_pseudonym(l.second);
  });
}

Fact People::without_names(const Fact& f) {
  Fact out = f;
  for (auto& [label, value] : out.labels)
    if (is_personal(label)) value = pseudonym(label, value);
  return out;
}

std::optional<std::string> People::name_of(std::string_view pseudonym) {
  if (!is_pseudonym(pseudonym)) return std::nullopt;
  std::lock_guard lock(mutex_);
  if (!open(false)) return std::nullopt;
  Statement s(*database_, "SELECT name FROM people WHERE pseudonym = ?");
  s.bind(pseudonym);
  if (!s.step()) return std::nullopt;
  return std::string(s.text(0));
}

std::optional<std::string> People::known(std::string_view label, std::string_view name) {
  std::lock_guard lock(mutex_);
  if (!open(false)) return std::nullopt;
  return find(label, name);
}

bool People::erase(std::string_view label, std::string_view name) {
  std::lock_guard lock(mutex_);
  if (!open(false)) return false;
  open(true);
  Transaction transaction(*database_);
  Statement(*database_, "DELETE FROM people WHERE label = ? AND name = ?").run(label, name);
  const bool there = database_->changes() > 0;
  transaction.commit();
  pseudonyms_.erase(key_of(label, name));
  return there;
}

std::size_t People::size() {
  std::lock_guard lock(mutex_);
  return open(false) ? static_cast<std::size_t>(database_->integer("SELECT count(*) FROM people")) : 0;
}

}  // namespace wattline::ledger
