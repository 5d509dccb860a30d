// The keys file as text and on disk.
#include <cerrno>
#include <filesystem>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/json.h"
#include "serve/governance_config.h"

namespace wattline::serve {
namespace {

constexpr std::size_t largest_keys_file = std::size_t{64} << 20;

// A JSON string is a TOML basic string: the same escapes.
std::string toml_text(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

void append_list(std::string& out, std::string_view key, const std::vector<std::string>& names) {
  if (names.empty()) return;
  out += fmt::format("{} = [", key);
  for (std::size_t i = 0; i < names.size(); ++i) out += (i ? ", " : "") + toml_text(names[i]);
  out += "]\n";
}

// 1e+30 and 5 are TOML numbers alike where a number is read.
void append_number(std::string& out, std::string_view key, double v) {
  out += fmt::format("{} = {}\n", key, shortest(v));
}

std::string_view key_of(Resource r) { return r == Resource::money ? "usd" : to_string(r); }

struct File {
  explicit File(int fd) : fd_(fd) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd_;
};

}  // namespace

std::string keys_file_text(const KeysFile& f) {
  std::string out =
      "# Written by `wattline serve`: tenants and keys that the admin API and `serve key` made. Keys are here as\n"
      "# their SHA-256 only.\n";
  for (const auto& t : f.tenants) {
    out += fmt::format("\n[[tenant]]\nname = {}\n", toml_text(t.name));
    append_list(out, "models", t.models);
    if (t.requests_per_minute) append_number(out, "requests_per_minute", *t.requests_per_minute);
    if (t.tokens_per_minute) append_number(out, "tokens_per_minute", *t.tokens_per_minute);
    if (t.concurrent) out += fmt::format("concurrent = {}\n", *t.concurrent);
    if (t.weight != 1) append_number(out, "weight", t.weight);
    if (t.sees_all) out += "sees = \"all\"\n";
    for (const auto& b : t.budgets) {
      out += "[[tenant.budget]]\n";
      append_number(out, key_of(b.resource), b.limit);
      out += fmt::format("per = \"{}\"\n", to_string(b.window));
      append_number(out, "soft", b.soft);
    }
  }
  for (const auto& k : f.keys) {
    out += fmt::format("\n[[key]]\nid = {}\ntenant = {}\nsha256 = \"{}\"\n", toml_text(k.id), toml_text(k.tenant),
                       to_hex(k.digest));
    append_list(out, "models", k.models);
    append_list(out, "roles", k.roles);
    append_list(out, "groups", k.groups);
    if (k.expires) out += fmt::format("expires = \"{}\"\n", to_string(*k.expires, fraction_digits_of(*k.expires)));
    if (k.revoked) out += "revoked = true\n";
  }
  return out;
}

KeysFile load_keys_file(const std::string& path) {
  const File file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.fd_ < 0) {
    if (errno == ENOENT) return {};
    throw errno_error("read", path, errno);
  }
  struct stat s {};
  if (::fstat(file.fd_, &s) != 0) throw errno_error("read", path, errno);
  if (!S_ISREG(s.st_mode)) throw bad_input("is no ordinary file", path);
  if (s.st_mode & (S_IWGRP | S_IWOTH))
    throw Error(ErrorKind::denied, "others than its owner may write this file, and who writes it makes keys", path,
                "chmod 600 " + path);
  if (static_cast<std::size_t>(s.st_size) > largest_keys_file) throw bad_input("is larger than 64 MiB", path);
  std::string text(static_cast<std::size_t>(s.st_size), '\0');
  std::size_t have = 0;
  while (have < text.size()) {
    const auto n = ::read(file.fd_, text.data() + have, text.size() - have);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) throw errno_error("read", path, errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  text.resize(have);
  std::vector<Error> faults;
  KeysFile out = read_keys_file(text, path, faults);
  if (!faults.empty()) throw faults.front();
  return out;
}

void save_keys_file(const std::string& path, const KeysFile& keys) {
  const std::string text = keys_file_text(keys), part = path + ".part";
  {
    const File file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.fd_ < 0) throw errno_error("write", part, errno);
    if (::fchmod(file.fd_, 0600) != 0) throw errno_error("write", part, errno);
    for (std::size_t done = 0; done < text.size();) {
      const auto n = ::write(file.fd_, text.data() + done, text.size() - done);
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) throw errno_error("write", part, errno);
      done += static_cast<std::size_t>(n);
    }
    if (::fsync(file.fd_) != 0) throw errno_error("write", part, errno);
  }
  if (::rename(part.c_str(), path.c_str()) != 0) throw errno_error("write", path, errno);
  // The name is on the disk when its folder is.
  const auto parent = std::filesystem::path(path).parent_path();
  const File folder(::open(parent.empty() ? "." : parent.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (folder.fd_ >= 0) ::fsync(folder.fd_);
}

}  // namespace wattline::serve
