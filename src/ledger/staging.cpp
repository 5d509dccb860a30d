#include "ledger/staging.h"

#include <cerrno>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include "kernel/error.h"
#include "ledger/row.h"

namespace wattline::ledger {
namespace {

constexpr std::int64_t at_once = 5000;  // rows a transaction: some 30 ms

bool any_staged(const Database& database) {
  return database.integer(fmt::format("SELECT EXISTS (SELECT 1 FROM writers WHERE {})", is_staged)) != 0;
}

}  // namespace

ImportLock::ImportLock(const std::filesystem::path& dir, std::chrono::milliseconds patience) {
  const std::string name = (dir / "import.lock").string();
  descriptor_ = ::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor_ < 0) throw errno_error("open", name, errno);
  const auto end = std::chrono::steady_clock::now() + patience;
  while (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int why = errno;
    if (why == EINTR) continue;
    if (why == EWOULDBLOCK && std::chrono::steady_clock::now() < end) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      continue;
    }
    ::close(descriptor_);
    if (why != EWOULDBLOCK) throw errno_error("lock", name, why);
    throw world_error("another import or sealing is under way in this account", name, "try again when it has ended");
  }
}

ImportLock::~ImportLock() { ::close(descriptor_); }

std::string begin_staged_chain(const Database& database, std::string_view host) {
  const std::string writer = database.text("SELECT lower(hex(randomblob(6)))");
  // Hosts are told apart by name, and this one has a chain already.
  const std::string name = fmt::format("{} (import {})", host, writer);
  Statement(database, "INSERT INTO writers VALUES (?, ?, ?, 0, 'staged')")
      .run(std::string_view(writer), std::string_view(name), Time::now().ns);
  return writer;
}

bool displace_staged(const Database& database, std::string_view uid, std::string_view writer) {
  Statement s(database, fmt::format("SELECT f.writer FROM facts f JOIN writers w ON w.writer = f.writer"
                                    " WHERE f.uid = ? AND f.writer <> ? AND {}",
                                    is_staged));
  s.bind(uid).bind(writer);
  if (!s.step()) return false;
  const std::string other(s.text(0));
  s.reset();
  Statement(database, "DELETE FROM facts WHERE uid = ?").run(uid);
  Statement(database, "UPDATE writers SET last_hash = 'broken' WHERE writer = ?").run(std::string_view(other));
  return true;
}

void remove_staged(const Database& database) {
  if (!any_staged(database)) return;
  std::vector<std::string> writers;
  {
    Statement s(database, fmt::format("SELECT writer FROM writers WHERE {}", is_staged));
    while (s.step()) writers.emplace_back(s.text(0));
  }
  Statement some(database, "DELETE FROM facts WHERE rowid IN (SELECT rowid FROM facts WHERE writer = ? LIMIT ?)"),
      chain(database, fmt::format("DELETE FROM writers WHERE writer = ? AND {}", is_staged));
  for (const auto& writer : writers)
    for (bool more = true; more;) {
      {
        Transaction transaction(database);
        some.run(std::string_view(writer), at_once);
        more = database.changes() > 0;
        if (!more) chain.run(std::string_view(writer));
        transaction.commit();
      }
      // Who waits for the account looks after some milliseconds.
      if (more) std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
}

void remove_left_staged(const Database& database) {
  if (!any_staged(database)) return;
  try {
    const ImportLock lock(database.file().parent_path(), std::chrono::milliseconds(0));
    remove_staged(database);
  } catch (const Error&) {
    // An import is under way, or the disk is full. Staged rows do no harm where they are.
  }
}

}  // namespace wattline::ledger
