#include "ledger/segment.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <memory>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "kernel/error.h"
#include "ledger/schema.h"
#include "ledger/sha256.h"

namespace wattline::ledger {
namespace fs = std::filesystem;
namespace {

constexpr int first_schema = 4;

Error file_error(std::string_view what, const fs::path& path, int code) {
  return Error(code == EACCES || code == EPERM || code == EROFS ? ErrorKind::denied : ErrorKind::world,
               fmt::format("{}: {}", what, std::strerror(code)), path.string(), "nothing was taken out of the account");
}

void make_safe(const fs::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) throw file_error("cannot open", path, errno);
  const int failed = ::fsync(descriptor) != 0 ? errno : 0;
  ::close(descriptor);
  if (failed) throw file_error("cannot make safe on disk", path, failed);
}

}  // namespace

fs::path segments_dir(const fs::path& account_dir) { return account_dir / "segments"; }

std::vector<Segment> segments_of(const Database& database) {
  std::vector<Segment> out;
  if (check_schema(database) < first_schema) return out;
  Statement s(database,
              "SELECT writer, first_seq, last_seq, first_prev, last_hash, first_end, last_end, file, digest, sealed"
              " FROM segments ORDER BY writer, first_seq");
  while (s.step()) {
    Segment& g = out.emplace_back();
    g.writer = s.text(0);
    g.first_seq = s.integer(1);
    g.last_seq = s.integer(2);
    g.first_prev = s.text(3);
    g.last_hash = s.text(4);
    g.first_end.ns = s.integer(5);
    g.last_end.ns = s.integer(6);
    g.file = s.text(7);
    g.digest = s.text(8);
    g.sealed.ns = s.integer(9);
  }
  return out;
}

SegmentWriter::SegmentWriter(fs::path path, unsigned mode) : path_(std::move(path)) {
  std::error_code error;
  fs::create_directories(path_.parent_path(), error);
  if (error) throw file_error("cannot make the folder of segments", path_.parent_path(), error.value());
  const int descriptor = ::open((path_.string() + ".new").c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (descriptor < 0 || ::fchmod(descriptor, mode) != 0) {
    const int why = errno;
    if (descriptor >= 0) ::close(descriptor);
    errno = why;
    fail("open");
  }
  file_ = ::gzdopen(descriptor, "wb6");
  if (!file_) {
    ::close(descriptor);
    fail("open");
  }
  ::gzbuffer(static_cast<gzFile>(file_), 256 << 10);
}

SegmentWriter::~SegmentWriter() {
  if (!file_) return;
  ::gzclose(static_cast<gzFile>(file_));
  std::error_code ignored;
  fs::remove(path_.string() + ".new", ignored);
}

void SegmentWriter::fail(std::string_view doing) {
  throw file_error(fmt::format("cannot {} a segment", doing), path_, errno ? errno : EIO);
}

void SegmentWriter::add(std::string_view row) {
  auto* file = static_cast<gzFile>(file_);
  errno = 0;
  if (::gzfwrite(row.data(), 1, row.size(), file) != row.size() || ::gzputc(file, '\n') < 0) fail("write");
}

std::string SegmentWriter::close() {
  errno = 0;
  const int code = ::gzclose(static_cast<gzFile>(std::exchange(file_, nullptr)));
  const fs::path fresh = path_.string() + ".new";
  if (code != Z_OK) {
    const int why = errno ? errno : EIO;
    std::error_code ignored;
    fs::remove(fresh, ignored);
    errno = why;
    fail("write");
  }
  make_safe(fresh, O_RDONLY);
  std::string digest = digest_of_file(fresh);
  std::error_code error;
  fs::rename(fresh, path_, error);
  if (error) throw file_error("cannot name a segment", path_, error.value());
  make_safe(path_.parent_path(), O_RDONLY | O_DIRECTORY);
  return digest;
}

void for_each_sealed_text(const fs::path& path, const std::function<void(std::string_view)>& visit) {
  const auto damaged = [&](std::string_view what) {
    return world_error(fmt::format("a damaged segment: {}", what), path.string(), "take it from a copy");
  };
  errno = 0;
  const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(::gzopen(path.c_str(), "rbe"), &::gzclose);
  if (!file) throw file_error("cannot read a segment", path, errno);
  ::gzbuffer(file.get(), 256 << 10);
  constexpr std::size_t longest = std::size_t{4} << 20;  // of a row, all its labels at their longest
  std::string text(64 << 10, '\0'), line;
  while (::gzgets(file.get(), text.data(), static_cast<int>(text.size()))) {
    line += text.c_str();
    if (line.size() > longest) throw damaged("a row without an end");
    if (!line.ends_with('\n')) continue;
    line.pop_back();
    visit(line);
    line.clear();
  }
  int code = Z_OK;
  const char* words = ::gzerror(file.get(), &code);
  if (code != Z_OK && code != Z_STREAM_END) throw damaged(words);
  if (!line.empty()) throw damaged("its last row is cut");
}

std::string digest_of_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw file_error("cannot read", path, errno);
  Sha256 sha;
  std::string piece(1 << 20, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())).gcount() > 0)
    sha.add(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount())));
  return sha.hex();
}

void add_corrected(const fs::path& path, std::unordered_set<std::string>& uids) {
  for_each_sealed_text(path, [&](std::string_view text) {
    // In labels the quotes are escaped.
    if (text.find(R"("corrects":"")") == text.npos) uids.insert(parse_row(parse_json(text)).corrects);
  });
}

std::string fault_of(const Segment& s, const fs::path& dir, bool& absent,
                     const std::function<void(const Row&)>& visit) {
  const fs::path path = dir / s.file;
  const auto say = [&](std::string_view what) { return fmt::format("segment {}: {}", path.string(), what); };
  std::error_code ignored;
  absent = !fs::exists(path, ignored);
  if (absent) return "";
  if (digest_of_file(path) != s.digest) return say("its content does not match the SHA-256 it was sealed with");
  std::string wrong, last = s.first_prev;
  std::int64_t seq = s.first_seq - 1;
  for_each_sealed_text(path, [&](std::string_view text) {
    if (!wrong.empty()) return;
    const Row row = parse_row(parse_json(text));
    if (row.writer != s.writer || row.seq != seq + 1 || row.prev_hash != last)
      wrong = say(fmt::format("row {} does not follow from row {}", row.seq, seq));
    last = hash_of(text);
    seq = row.seq;
    if (visit && wrong.empty()) visit(row);
  });
  if (!wrong.empty()) return wrong;
  if (seq != s.last_seq || last != s.last_hash) return say("it does not end where it was sealed");
  return "";
}

}  // namespace wattline::ledger
