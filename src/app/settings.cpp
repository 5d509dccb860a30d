#include "app/settings.h"

#include <cstdlib>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/toml_parser.h"

namespace wattline::app {
namespace fs = std::filesystem;

struct Settings::Files {
  struct File {
    std::string path;
    toml::table table;
  };
  std::vector<File> list;  // strongest first
};

namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20;

// Options that say what a command does once must be said each time: a required input, a file or the
// command to run are never taken from the surroundings.
bool may_be_configured(const Field& f) {
  return !f.rest && !f.positional && f.kind != FieldKind::file && f.kind != FieldKind::list;
}

std::string text_of(const toml::node& node, const std::string& where) {
  if (const auto s = node.value_exact<std::string>()) return *s;
  if (const auto i = node.value_exact<std::int64_t>()) return std::to_string(*i);
  if (const auto d = node.value_exact<double>()) return shortest(*d);
  if (const auto b = node.value_exact<bool>()) return *b ? "true" : "false";
  throw bad_input("a text, number or boolean is needed here", where);
}

toml::table parsed(const std::string& path, std::string_view text) {
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& e) {
    throw bad_input(std::string(e.description()),
                    fmt::format("{}:{}:{}", path, static_cast<unsigned long>(e.source().begin.line),
                                static_cast<unsigned long>(e.source().begin.column)));
  } catch (const ParserFault&) {
    throw bad_input("not valid TOML", path);
  }
}

}  // namespace

Settings::Settings(std::unique_ptr<Files> files) : files_(std::move(files)) {}
Settings::~Settings() = default;
Settings::Settings(Settings&&) noexcept = default;

fs::path user_config_file() {
  if (const char* xdg = std::getenv("XDG_CONFIG_HOME"); xdg && *xdg) return fs::path(xdg) / "wattline" / "config.toml";
  if (const char* home = std::getenv("HOME"); home && *home)
    return fs::path(home) / ".config" / "wattline" / "config.toml";
  return {};
}

Settings Settings::from_text(const std::string& path, std::string_view text) {
  auto files = std::make_unique<Files>();
  files->list.push_back({path, parsed(path, text)});
  return Settings(std::move(files));
}

Settings Settings::load() {
  auto files = std::make_unique<Files>();
  for (const fs::path& path : {fs::path("wattline.toml"), user_config_file()}) {
    std::error_code ignored;
    if (path.empty() || !fs::is_regular_file(path, ignored)) continue;
    files->list.push_back(
        {path.string(), parsed(path.string(), InputFile::from_path(path.string()).read(largest_file))});
  }
  return Settings(std::move(files));
}

std::optional<Fallback> Settings::find(const Capability& c, const Field& f) const {
  if (!may_be_configured(f)) return std::nullopt;
  std::string variable = "WATTLINE_";
  for (char ch : f.name) variable += ch == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(ch)));
  if (const char* value = std::getenv(variable.c_str()); value && *value) return Fallback{value, variable};
  for (const auto& file : files_->list) {
    for (const auto& node : {file.table[c.room][c.name][f.name], file.table["defaults"][f.name]}) {
      if (!node) continue;
      const std::string where = fmt::format("{}:{}", file.path, node.node()->source().begin.line);
      return Fallback{text_of(*node.node(), where), where};
    }
  }
  return std::nullopt;
}

}  // namespace wattline::app
