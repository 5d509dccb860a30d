// What tests share: where the real data lies, and scratch folders.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace wattline::tests {

// Where the source of this checkout lies.
extern const char* const source_dir;

// The folder with real data, when this checkout has one beside it. Tests that need it skip without.
inline std::optional<std::filesystem::path> shared_dir() {
  namespace fs = std::filesystem;
  if (const char* given = std::getenv("WATTLINE_SHARED"); given && fs::is_directory(given)) return given;
  fs::path from_source = fs::path(source_dir) / ".." / "shared";
  if (fs::is_directory(from_source / "data")) return from_source;
  return std::nullopt;
}

// A folder of its own that is removed again.
class ScratchDir {
 public:
  ScratchDir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "wattline-XXXXXX").string();
    path_ = ::mkdtemp(pattern.data());
  }
  ~ScratchDir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchDir(const ScratchDir&) = delete;
  ScratchDir& operator=(const ScratchDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace wattline::tests
