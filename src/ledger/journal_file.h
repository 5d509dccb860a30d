// Files of a journal: where they lie, who owns them, and what is left when their owner has died.
//
// They lie in DIR/journal beside the account. An owner holds a lock (flock) on each of its files as long as it
// lives; a file that can be locked was left behind, and whoever locks it may bring it into the account and
// remove it. Facts have uids, so doing that twice, or half and again, counts nothing twice.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ledger/journal_record.h"

namespace wattline::ledger {

class JournalFile {
 public:
  // A new, locked one that holds its first line. Error world, denied.
  static JournalFile create(const std::filesystem::path& dir);
  // One that lies there, if nobody owns it.
  static std::optional<JournalFile> take_over(const std::filesystem::path& file);
  JournalFile(JournalFile&&) noexcept;
  JournalFile& operator=(JournalFile&&) noexcept;
  ~JournalFile();

  const std::filesystem::path& path() const { return path_; }
  std::uint64_t size() const { return size_; }
  // All or nothing: false when the disk takes no more, and the file is as it was.
  bool append(std::string_view bytes);
  // Up to `most` bytes from `offset`. Error world.
  void read(std::uint64_t offset, std::size_t most, std::string& out) const;
  void remove();
  // Out of the way, for people to look at: a name that nobody takes over.
  std::filesystem::path set_aside();

 private:
  JournalFile(std::filesystem::path path, int descriptor, std::uint64_t size);
  std::filesystem::path path_;
  int descriptor_ = -1;
  std::uint64_t size_ = 0;
};

// Facts that were read together; its memory serves many times.
struct JournalBatch {
  std::vector<Fact> facts;
  std::vector<JournalReader::ShapePtr> shapes;
  std::size_t count = 0;
  std::string factor_set;  // of all of them
  std::span<const Fact> span() const { return {facts.data(), count}; }
};

// Reads a file's facts in order, some at a time.
class JournalWalk {
 public:
  enum class State { more, end, torn, damaged };
  // Up to `most` facts of those written up to `until` (a file size). torn: the file ends within an entry, as a
  // kill leaves it.
  State read(const JournalFile&, std::uint64_t until, std::size_t most, JournalBatch&);
  // Only when the facts of the last read are in the account does the walk stand after them.
  void done() { at_ = next_; }
  std::uint64_t at() const { return at_; }

 private:
  JournalReader reader_;
  std::uint64_t at_ = 0, next_ = 0;
  std::uint64_t buffer_at_ = 0;
  std::string buffer_;
};

// Brings facts into an account, all or none; factor_set is the catalog's version when they were recorded.
using Commit = std::function<void(std::span<const Fact>, std::string_view factor_set)>;
using Log = std::function<void(std::string_view)>;

// What can never be taken (bad_input) is left out and told. Any other Error goes up. How many were left out.
std::int64_t commit_what_can_be(const Commit&, std::span<const Fact>, std::string_view factor_set, const Log&);

struct Adoption {
  std::int64_t facts = 0, refused = 0, files = 0;
};
// Brings what dead writers left beside the account at `dir` into it. Files of living writers are left alone.
Adoption adopt_journals(const std::filesystem::path& dir, const Commit&, const Log& = {});

std::filesystem::path journal_dir(const std::filesystem::path& account_dir);

}  // namespace wattline::ledger
