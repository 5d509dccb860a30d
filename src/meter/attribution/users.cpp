#include "meter/attribution/users.h"

#include <fmt/format.h>

#include "meter/proc_files.h"
#include "meter/roots.h"

namespace wattline::meter {

std::map<std::uint32_t, std::string> parse_passwd(std::string_view text) {
  std::map<std::uint32_t, std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    std::string_view field[3];  // name, password, number
    bool whole = true;
    for (auto& f : field) {
      const auto colon = line.find(':');
      whole = whole && colon != line.npos;
      if (!whole) break;
      f = line.substr(0, colon);
      line.remove_prefix(colon + 1);
    }
    if (!whole) continue;
    std::string name = parse_name(field[0]);
    const std::uint64_t uid = parse_whole(field[2]).value_or(UINT64_MAX);
    if (uid <= UINT32_MAX && !name.empty()) out.emplace(static_cast<std::uint32_t>(uid), std::move(name));
  }
  return out;
}

Users::Users(std::filesystem::path passwd) : path_(std::move(passwd)) {
  if (const auto text = read_small_file(path_, std::size_t{1} << 22)) names_ = parse_passwd(*text);
}

const std::string& Users::name(std::uint32_t uid) {
  const auto known = names_.find(uid);
  if (known != names_.end()) return known->second;
  return names_[uid] = fmt::format("uid {}", uid);
}

}  // namespace wattline::meter
