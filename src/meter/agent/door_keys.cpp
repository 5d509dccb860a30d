#include "meter/agent/door_keys.h"

#include <cstdlib>

#include <fmt/format.h>
#include <openssl/evp.h>
#include <sys/stat.h>

#include "kernel/error.h"
#include "kernel/host_check.h"
#include "kernel/options.h"

namespace wattline::meter {
namespace {

constexpr std::size_t shortest_key = 16, longest_key = 512, largest_file = std::size_t{1} << 16;

std::string_view trimmed(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\r')) s.remove_suffix(1);
  return s;
}

}  // namespace

DoorKeys::Digest DoorKeys::digest(std::string_view text) {
  Digest out{};
  unsigned size = 0;
  if (!EVP_Digest(text.data(), text.size(), out.data(), &size, EVP_sha256(), nullptr))
    throw world_error("the library of digests does not work");
  return out;
}

DoorKeys DoorKeys::parse(std::string_view text, std::string_view where) {
  DoorKeys out;
  for (std::size_t line = 1; !text.empty(); ++line) {
    const auto end = text.find('\n');
    const auto key = trimmed(text.substr(0, end));
    text.remove_prefix(end == text.npos ? text.size() : end + 1);
    if (key.empty() || key.starts_with('#')) continue;
    const std::string place = fmt::format("{}:{}", where, line);
    if (key.size() < shortest_key || key.size() > longest_key)
      throw bad_input(
          fmt::format("a key of {} characters found; {} to {} are allowed", key.size(), shortest_key, longest_key),
          place, "openssl rand -base64 32 makes one");
    for (const unsigned char c : key)
      if (c <= 0x20 || c >= 0x7f) throw bad_input("a key with a blank or control character in it", place);
    out.digests_.push_back(digest(key));
  }
  return out;
}

DoorKeys DoorKeys::read(const std::string& file, const std::string& variable) {
  DoorKeys out;
  if (!file.empty()) {
    struct stat info {};
    if (::stat(file.c_str(), &info) == 0 && S_ISREG(info.st_mode) && (info.st_mode & 07) != 0)
      throw bad_input("the file of keys can be read by everybody", file, "chmod 0600 " + file);
    out = parse(InputFile::from_path(file).read(largest_file), file);
    if (out.empty()) throw bad_input("holds no key", file, "one key a line; openssl rand -base64 32 makes one");
  }
  if (!variable.empty()) {
    const char* value = std::getenv(variable.c_str());
    if (!value || !*value) throw bad_input("is not set, and should hold the key", variable);
    for (const auto& d : parse(value, variable).digests_) out.digests_.push_back(d);
  }
  return out;
}

bool DoorKeys::opens(std::string_view authorization) const {
  constexpr std::string_view scheme = "bearer ";
  if (authorization.size() <= scheme.size() || authorization.size() > scheme.size() + longest_key ||
      !same_host_name(authorization.substr(0, scheme.size()), scheme))
    return false;
  const Digest given = digest(trimmed(authorization.substr(scheme.size())));
  bool any = false;
  const auto text = [](const Digest& d) { return std::string_view(reinterpret_cast<const char*>(d.data()), d.size()); };
  for (const auto& d : digests_) any = equal_in_constant_time(text(d), text(given)) || any;
  return any;
}

}  // namespace wattline::meter
