// Configuration below the command line: WATTLINE_* variables, then ./wattline.toml, then the user's
// file. An option `--place` is WATTLINE_PLACE, and `place = "FR"` under [defaults] or under the
// command's own table, [ledger.green-algorithms].
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "kernel/capability.h"

namespace wattline::app {

std::filesystem::path user_config_file();  // $XDG_CONFIG_HOME/wattline/config.toml

class Settings {
 public:
  // Reads the project and the user file when they are there; a broken one is an Error with its line.
  static Settings load();
  // One file's content under its name.
  static Settings from_text(const std::string& path, std::string_view text);
  ~Settings();
  Settings(Settings&&) noexcept;

  std::optional<Fallback> find(const Capability&, const Field&) const;

 private:
  struct Files;
  explicit Settings(std::unique_ptr<Files>);
  std::unique_ptr<Files> files_;
};

}  // namespace wattline::app
