// Names of users by their numbers, from /etc/passwd alone: a directory in the network is not asked, since an answer may
// take seconds.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace wattline::meter {

std::map<std::uint32_t, std::string> parse_passwd(std::string_view text);

class Users {
 public:
  explicit Users(std::filesystem::path passwd = "/etc/passwd");
  // "uid 1234" when it has no name there.
  const std::string& name(std::uint32_t uid);

 private:
  const std::filesystem::path path_;
  std::map<std::uint32_t, std::string> names_;
};

}  // namespace wattline::meter
