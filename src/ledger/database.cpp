#include "ledger/database.h"

#include <fmt/format.h>
#include <sqlite3.h>

namespace wattline::ledger {

Statement::Statement(const Database& database, std::string_view sql) : database_(database) {
  const int code = sqlite3_prepare_v2(database.handle(), sql.data(), static_cast<int>(sql.size()), &handle_, nullptr);
  if (code != SQLITE_OK) database.fail(code, "read");
}
Statement::~Statement() { sqlite3_finalize(handle_); }

Statement& Statement::bind(std::string_view value) {
  const int code = sqlite3_bind_text64(handle_, next_parameter_++, value.data() ? value.data() : "", value.size(),
                                       SQLITE_STATIC, SQLITE_UTF8);
  if (code != SQLITE_OK) database_.fail(code, "write");
  return *this;
}
Statement& Statement::bind(std::int64_t value) {
  sqlite3_bind_int64(handle_, next_parameter_++, value);
  return *this;
}
Statement& Statement::bind(double value) {
  sqlite3_bind_double(handle_, next_parameter_++, value);
  return *this;
}

bool Statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  if (code == SQLITE_DONE) return false;
  // The primary code of a failed step; the extended one names the cause.
  const int extended = sqlite3_extended_errcode(database_.handle());
  sqlite3_reset(handle_);
  database_.fail((extended & 0xff) == (code & 0xff) ? extended : code,
                 sqlite3_stmt_readonly(handle_) ? "read" : "write");
}

void Statement::reset() {
  sqlite3_reset(handle_);
  sqlite3_clear_bindings(handle_);
  next_parameter_ = 1;
}

std::string_view Statement::text(int column) const {
  const auto* data = reinterpret_cast<const char*>(sqlite3_column_text(handle_, column));
  return data ? std::string_view(data, static_cast<std::size_t>(sqlite3_column_bytes(handle_, column)))
              : std::string_view();
}
std::int64_t Statement::integer(int column) const { return sqlite3_column_int64(handle_, column); }
double Statement::number(int column) const { return sqlite3_column_double(handle_, column); }

Database::Database(std::filesystem::path file, Access access, std::chrono::milliseconds busy_timeout)
    : file_(std::move(file)) {
  int flags = SQLITE_OPEN_NOMUTEX;  // its owner (Ledger) has a lock of its own
  std::string name = file_.string();
  if (access == Access::create) {
    flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  } else {
    flags |= SQLITE_OPEN_READONLY;
  }
  if (access == Access::immutable) {
    flags |= SQLITE_OPEN_URI;
    std::string escaped;
    for (const char c : std::filesystem::absolute(file_).string()) {
      if (c == '%' || c == '?' || c == '#') escaped += fmt::format("%{:02x}", static_cast<unsigned>(c));
      else escaped += c;
    }
    name = "file://" + escaped + "?immutable=1";
  }
  const int code = sqlite3_open_v2(name.c_str(), &handle_, flags, nullptr);
  if (code != SQLITE_OK) {
    try {
      fail(handle_ ? sqlite3_extended_errcode(handle_) : code, "open");
    } catch (...) {
      sqlite3_close_v2(handle_);
      throw;
    }
  }
  sqlite3_extended_result_codes(handle_, 1);
  sqlite3_busy_timeout(handle_, static_cast<int>(busy_timeout.count()));
}
Database::~Database() { sqlite3_close_v2(handle_); }

void Database::run(std::string_view sql) const {
  const int code = sqlite3_exec(handle_, std::string(sql).c_str(), nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code, "write");
}
std::int64_t Database::integer(std::string_view sql) const {
  Statement s(*this, sql);
  return s.step() ? s.integer(0) : 0;
}
std::string Database::text(std::string_view sql) const {
  Statement s(*this, sql);
  return s.step() ? std::string(s.text(0)) : std::string();
}

std::int64_t Database::changes() const { return sqlite3_changes64(handle_); }

void Database::fail(int code, std::string_view doing) const {
  const std::string detail = handle_ ? sqlite3_errmsg(handle_) : sqlite3_errstr(code);
  const auto say = [&](ErrorKind kind, std::string why, std::string hint) {
    return Error(kind, fmt::format("cannot {} the account: {}", doing, why), file_.string(), std::move(hint));
  };
  switch (code & 0xff) {
    case SQLITE_FULL:
      throw say(ErrorKind::world, "the disk is full; nothing of this record was kept, all before it is safe",
                "free space and record again: a repeated uid counts once");
    case SQLITE_IOERR:
      throw say(ErrorKind::world, "the disk refused (full, over a size limit, or failing): " + detail,
                "all that was recorded before is safe; check space and quota of that disk");
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      throw say(ErrorKind::denied, "it is read-only here", "give a folder you may write with --ledger DIR");
    case SQLITE_CANTOPEN:
      throw say(ErrorKind::denied, "the file cannot be opened: " + detail,
                "check that the folder exists and may be read and written, or give --ledger DIR");
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw say(ErrorKind::world, "another process held it for longer than the waiting time",
                "try again; if it stays, look for a stopped wattline process");
    case SQLITE_NOTADB:
      throw say(ErrorKind::world, "the file is no account: " + detail,
                "move it away, or give another folder with --ledger DIR");
    case SQLITE_CORRUPT:
      throw say(ErrorKind::world, "the file is damaged: " + detail,
                "copy the folder before anything else; `wattline ledger verify` names the first bad row");
    case SQLITE_CONSTRAINT: throw say(ErrorKind::denied, detail, "the account is append-only: correct by a new row");
    default: throw say(ErrorKind::world, fmt::format("{} (SQLite {})", detail, code), "");
  }
}

ReadTransaction::ReadTransaction(const Database& database) : database_(database) { database_.run("BEGIN"); }
// It holds nothing that could be lost.
ReadTransaction::~ReadTransaction() { sqlite3_exec(database_.handle(), "COMMIT", nullptr, nullptr, nullptr); }

Transaction::Transaction(const Database& database) : database_(database) { database_.run("BEGIN IMMEDIATE"); }
Transaction::~Transaction() {
  // A failed rollback has nothing left to undo: SQLite rolls back by itself on disk errors.
  if (open_) sqlite3_exec(database_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}
void Transaction::commit() {
  database_.run("COMMIT");
  open_ = false;
}

}  // namespace wattline::ledger
