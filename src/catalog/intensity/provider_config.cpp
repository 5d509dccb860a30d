#include "catalog/intensity/provider_config.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/error.h"
#include "kernel/options.h"

namespace wattline::catalog {
namespace fs = std::filesystem;
namespace {

constexpr std::size_t longest_key = 4096;

std::string variable(const std::string& name) {
  const char* value = name.empty() ? nullptr : std::getenv(name.c_str());
  return value ? value : "";
}

// A key that others may read is no key; what is wrong with a file is told without what it holds.
Secret key_of_file(const std::string& path) {
  struct File {
    int fd;
    ~File() {
      if (fd >= 0) ::close(fd);
    }
  } const file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.fd < 0) throw errno_error("read the key in", path, errno);
  struct stat s {};
  if (::fstat(file.fd, &s) != 0) throw errno_error("read the key in", path, errno);
  if (!S_ISREG(s.st_mode))
    throw bad_input("is no ordinary file", path, "key_file names a file with the key and nothing else");
  if (s.st_mode & 077)
    throw Error(ErrorKind::denied, fmt::format("others may read or change this key (mode {:03o})", s.st_mode & 0777),
                path, fmt::format("chmod 600 {}", path));
  std::string text(longest_key + 1, '\0');
  const auto n = ::read(file.fd, text.data(), text.size());
  if (n < 0) throw errno_error("read the key in", path, errno);
  text.resize(static_cast<std::size_t>(n));
  if (text.size() > longest_key) throw bad_input(fmt::format("is longer than a key of {} bytes", longest_key), path);
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.pop_back();
  if (text.empty()) throw bad_input("is empty", path, "key_file names a file with the key and nothing else");
  if (std::any_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }))
    throw bad_input("holds more than one line, or what is no text", path,
                    "key_file names a file with the key and nothing else");
  return Secret(std::move(text));
}

}  // namespace

std::string_view to_string(ProviderName n) { return n == ProviderName::watttime ? "watttime" : "electricity-maps"; }
std::string_view title_of(ProviderName n) { return n == ProviderName::watttime ? "WattTime" : "Electricity Maps"; }

Secret ProviderConfig::key() const {
  if (!key_file.empty()) return key_of_file(key_file);
  std::string value = variable(key_env);
  if (value.empty())
    throw Error(ErrorKind::denied, fmt::format("there is no key for {}: ${} is not set", title_of(name), key_env),
                "key",
                fmt::format("set it, or name a file that you alone may read: key_file under [{}] in {}",
                            to_string(name), default_providers_file().string()));
  return Secret(std::move(value));
}

std::string ProviderConfig::user_name() const {
  if (!user.empty()) return user;
  std::string value = variable(user_env);
  if (value.empty())
    throw Error(
        ErrorKind::denied, fmt::format("there is no user for {}: ${} is not set", title_of(name), user_env), "user",
        fmt::format("set it, or write user under [{}] in {}", to_string(name), default_providers_file().string()));
  return value;
}

IntensityProviders::IntensityProviders() {
  ProviderConfig& maps = by_name_[ProviderName::electricity_maps];
  maps.url = "https://api.electricitymaps.com/v3";
  maps.key_env = "ELECTRICITY_MAPS_API_KEY";
  ProviderConfig& watttime = by_name_[ProviderName::watttime];
  watttime.name = ProviderName::watttime;
  watttime.url = "https://api.watttime.org";
  watttime.user_env = "WATTTIME_USER";
  watttime.key_env = "WATTTIME_PASSWORD";
  watttime.emissions = "direct";
  for (auto& [name, config] : by_name_) config.licence = fmt::format("your contract with {}", title_of(name));
}

const ProviderConfig& IntensityProviders::of(ProviderName name) const { return by_name_.at(name); }

IntensityProviders IntensityProviders::load(const fs::path& file, bool required) {
  std::error_code ignored;
  if (!required && (file.empty() || !fs::exists(file, ignored))) return {};
  return parse(InputFile::from_path(file.string()).read(std::size_t{1} << 20), file.string());
}

fs::path default_providers_file() {
  if (const auto own = variable("WATTLINE_INTENSITY_PROVIDERS"); !own.empty()) return own;
  if (const auto xdg = variable("XDG_CONFIG_HOME"); !xdg.empty()) return fs::path(xdg) / "wattline" / "intensity.toml";
  return fs::path(variable("HOME")) / ".config" / "wattline" / "intensity.toml";
}

IntensityProviders intensity_providers(const Context& context) {
  const auto* location = context.find<ProvidersLocation>();
  if (!location)
    throw Error(ErrorKind::unsupported, "providers of intensities are asked by the command line alone", "fetch",
                "fetch there first (wattline catalog intensity-fetch), then ask here without");
  const bool named = !location->file.empty() || !variable("WATTLINE_INTENSITY_PROVIDERS").empty();
  return IntensityProviders::load(location->file.empty() ? default_providers_file() : fs::path(location->file), named);
}

}  // namespace wattline::catalog
