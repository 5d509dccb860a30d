// SQLite in one place: statements that clean up after themselves, and its result codes as Errors
// that say what to do.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "kernel/error.h"

struct sqlite3;
struct sqlite3_stmt;

namespace wattline::ledger {

class Database;

// A prepared statement; parameters and columns count from 0. Use in one thread.
class Statement {
 public:
  Statement(const Database&, std::string_view sql);
  ~Statement();
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  // The texts must live until the next step has been made.
  Statement& bind(std::string_view);
  Statement& bind(std::int64_t);
  Statement& bind(double);
  bool step();  // false: no more rows
  void reset();  // for the next use; parameters are bound anew
  // Binds, runs and resets a statement that gives no rows.
  template <class... Values>
  void run(const Values&... values) {
    (bind(values), ...);
    while (step()) {}
    reset();
  }

  std::string_view text(int column) const;  // valid until the next step
  std::int64_t integer(int column) const;
  double number(int column) const;

 private:
  const Database& database_;
  sqlite3_stmt* handle_ = nullptr;
  int next_parameter_ = 1;
};

class Database {
 public:
  enum class Access { create, read, immutable };
  Database(std::filesystem::path file, Access, std::chrono::milliseconds busy_timeout);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  void run(std::string_view sql) const;  // statements without rows
  std::int64_t integer(std::string_view sql) const;
  std::string text(std::string_view sql) const;
  std::int64_t changes() const;  // rows that the last INSERT, UPDATE or DELETE changed

  const std::filesystem::path& file() const { return file_; }
  sqlite3* handle() const { return handle_; }
  [[noreturn]] void fail(int code, std::string_view doing) const;

 private:
  std::filesystem::path file_;
  sqlite3* handle_ = nullptr;
};

// What is read inside is of one moment, while other processes go on writing.
class ReadTransaction {
 public:
  explicit ReadTransaction(const Database&);
  ~ReadTransaction();
  ReadTransaction(const ReadTransaction&) = delete;
  ReadTransaction& operator=(const ReadTransaction&) = delete;

 private:
  const Database& database_;
};

// Rolled back unless committed. Takes the write lock at once, so that what is read inside holds.
class Transaction {
 public:
  explicit Transaction(const Database&);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  void commit();

 private:
  const Database& database_;
  bool open_ = true;
};

}  // namespace wattline::ledger
