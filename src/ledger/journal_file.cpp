#include "ledger/journal_file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <random>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/error.h"

namespace wattline::ledger {
namespace fs = std::filesystem;
namespace {

constexpr std::string_view ending = ".journal";
constexpr std::size_t read_at_once = std::size_t{1} << 20;

Error file_error(std::string_view what, const fs::path& path, int code) {
  return Error(code == EACCES || code == EPERM || code == EROFS ? ErrorKind::denied : ErrorKind::world,
               fmt::format("{}: {}", what, std::strerror(code)), path.string());
}

bool is_journal(const fs::path& p) { return p.extension() == ending; }

void tell(const Log& log, const std::string& text) {
  if (log) log(text);
}

}  // namespace

fs::path journal_dir(const fs::path& account_dir) { return account_dir / "journal"; }

JournalFile::JournalFile(fs::path path, int descriptor, std::uint64_t size)
    : path_(std::move(path)), descriptor_(descriptor), size_(size) {}
JournalFile::JournalFile(JournalFile&& o) noexcept
    : path_(std::move(o.path_)), descriptor_(std::exchange(o.descriptor_, -1)), size_(o.size_) {}
JournalFile& JournalFile::operator=(JournalFile&& o) noexcept {
  std::swap(path_, o.path_);
  std::swap(descriptor_, o.descriptor_);
  std::swap(size_, o.size_);
  return *this;
}
JournalFile::~JournalFile() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

JournalFile JournalFile::create(const fs::path& dir) {
  std::error_code error;
  fs::create_directories(dir, error);
  if (error) throw file_error("cannot make the folder of the journal", dir, error.value());
  std::random_device random;
  const std::string name = fmt::format("{:013x}-{:08x}{:08x}", Time::now().ns / 1'000'000,
                                       static_cast<std::uint32_t>(random()), static_cast<std::uint32_t>(random()));
  // Locked before it has the name that others look for.
  const fs::path fresh = dir / (name + ".new"), path = dir / (name + std::string(ending));
  const int descriptor = ::open(fresh.c_str(), O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
  if (descriptor < 0) throw file_error("cannot make a file of the journal", fresh, errno);
  JournalFile file(fresh, descriptor, 0);
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 || !file.append(journal_magic) ||
      ::rename(fresh.c_str(), path.c_str()) != 0) {
    const int code = errno;
    ::unlink(fresh.c_str());
    throw file_error("cannot begin a file of the journal", path, code);
  }
  file.path_ = path;
  return file;
}

std::optional<JournalFile> JournalFile::take_over(const fs::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDWR | O_APPEND | O_CLOEXEC);
  if (descriptor < 0) {
    // Gone meanwhile, or another user's: theirs to bring home.
    if (errno == ENOENT || errno == EACCES || errno == EPERM) return std::nullopt;
    throw file_error("cannot read a file of the journal that was left behind", path, errno);
  }
  JournalFile file(path, descriptor, 0);
  struct stat is {};
  // Without links another has just brought it home.
  if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0 || ::fstat(descriptor, &is) != 0 || is.st_nlink == 0)
    return std::nullopt;
  file.size_ = static_cast<std::uint64_t>(is.st_size);
  return file;
}

bool JournalFile::append(std::string_view bytes) {
  std::size_t written = 0;
  while (written < bytes.size()) {
    const ssize_t n = ::write(descriptor_, bytes.data() + written, bytes.size() - written);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      if (written > 0 && ::ftruncate(descriptor_, static_cast<off_t>(size_)) != 0) size_ += written;
      return false;
    }
    written += static_cast<std::size_t>(n);
  }
  size_ += written;
  return true;
}

void JournalFile::read(std::uint64_t offset, std::size_t most, std::string& out) const {
  out.resize(most);
  std::size_t got = 0;
  while (got < most) {
    const ssize_t n = ::pread(descriptor_, out.data() + got, most - got, static_cast<off_t>(offset + got));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw file_error("cannot read a file of the journal", path_, errno);
    if (n == 0) break;
    got += static_cast<std::size_t>(n);
  }
  out.resize(got);
}

void JournalFile::remove() { ::unlink(path_.c_str()); }

fs::path JournalFile::set_aside() {
  fs::path aside = path_;
  aside += ".damaged";
  if (::rename(path_.c_str(), aside.c_str()) != 0)
    throw file_error("cannot rename a damaged file of the journal", path_, errno);
  return aside;
}

JournalWalk::State JournalWalk::read(const JournalFile& file, std::uint64_t until, std::size_t most,
                                     JournalBatch& batch) {
  std::size_t& count = batch.count;
  count = 0;
  next_ = at_;
  if (at_ == 0) {
    file.read(0, journal_magic.size(), buffer_);
    if (buffer_ != journal_magic) return buffer_.size() < journal_magic.size() ? State::torn : State::damaged;
    at_ = next_ = buffer_at_ = journal_magic.size();
    buffer_.clear();
  }
  if (batch.facts.size() < most) {
    batch.facts.resize(most);
    batch.shapes.resize(most);
  }
  while (count < most && next_ < until) {
    // What was read before and is not used up stays.
    if (next_ < buffer_at_ || next_ > buffer_at_ + buffer_.size()) {
      buffer_.clear();
      buffer_at_ = next_;
    }
    std::string_view bytes = std::string_view(buffer_).substr(next_ - buffer_at_);
    bytes = bytes.substr(0, std::min<std::uint64_t>(bytes.size(), until - next_));
    std::size_t used = 0;
    const auto found = reader_.next(bytes, batch.facts[count], batch.shapes[count], used);
    if (found == JournalReader::Found::damage) {
      // The last entry of a file may have been half on its way.
      if (count > 0) return State::more;
      std::string rest;
      file.read(next_, largest_entry + 16, rest);
      std::uint32_t size = 0;
      if (rest.size() >= sizeof size) std::memcpy(&size, rest.data(), sizeof size);
      return rest.size() < 8 || (size > 0 && size <= largest_entry && 8 + std::uint64_t{size} >= rest.size())
                 ? State::torn
                 : State::damaged;
    }
    if (found == JournalReader::Found::nothing) {
      const std::uint64_t have = next_ + bytes.size();
      if (have >= until) return count > 0 ? State::more : State::torn;
      std::string more;
      file.read(next_,
                std::min<std::uint64_t>(until - next_, std::max(read_at_once, bytes.size() + largest_entry + 16)),
                more);
      if (more.size() <= bytes.size()) return count > 0 ? State::more : State::torn;
      buffer_ = std::move(more);
      buffer_at_ = next_;
      continue;
    }
    if (found == JournalReader::Found::fact) {
      const std::string& factors = batch.shapes[count]->factor_set;
      if (count == 0) batch.factor_set = factors;
      else if (batch.factor_set != factors) return State::more;
      ++count;
    }
    next_ += used;
  }
  return next_ < until ? State::more : State::end;
}

std::int64_t commit_what_can_be(const Commit& commit, std::span<const Fact> facts, std::string_view factor_set,
                                const Log& log) {
  try {
    commit(facts, factor_set);
    return 0;
  } catch (const Error& e) {
    if (e.kind() != ErrorKind::bad_input) throw;
    if (facts.size() > 1) {
      const std::size_t half = facts.size() / 2;
      const std::int64_t out = commit_what_can_be(commit, facts.first(half), factor_set, log);
      return out + commit_what_can_be(commit, facts.subspan(half), factor_set, log);
    }
    tell(log, fmt::format("{} is refused by the account for good: {}", facts[0].uid, e.what()));
    return 1;
  }
}

Adoption adopt_journals(const fs::path& dir, const Commit& commit, const Log& log) {
  Adoption out;
  std::error_code error;
  std::vector<fs::path> left;
  for (fs::directory_iterator it(journal_dir(dir), error), end; !error && it != end; it.increment(error))
    if (is_journal(it->path())) left.push_back(it->path());
  std::sort(left.begin(), left.end());  // oldest first
  JournalBatch batch;
  for (const auto& path : left) {
    auto file = JournalFile::take_over(path);
    if (!file) continue;
    JournalWalk walk;
    for (;;) {
      const auto state = walk.read(*file, file->size(), 4096, batch);
      if (batch.count > 0) out.refused += commit_what_can_be(commit, batch.span(), batch.factor_set, log);
      out.facts += static_cast<std::int64_t>(batch.count);
      walk.done();
      if (state == JournalWalk::State::more) continue;
      if (state == JournalWalk::State::damaged) {
        const auto aside = file->set_aside();
        tell(log, fmt::format("a file of the journal is damaged {} bytes from its begin; what stood before is in the "
                              "account, the file was kept as {}",
                              walk.at(), aside.string()));
      } else {
        file->remove();
      }
      break;
    }
    ++out.files;
  }
  return out;
}

}  // namespace wattline::ledger
