#include "kernel/write_whole.h"

#include <cerrno>
#include <fstream>

#include <unistd.h>

#include "kernel/error.h"

namespace wattline {

namespace fs = std::filesystem;

void write_whole(const fs::path& path, std::string_view content) {
  std::error_code unknown;
  const auto status = fs::status(path, unknown);
  const bool direct = fs::exists(status) && !fs::is_regular_file(status);
  const fs::path part = direct ? path : fs::path(path.string() + ".part");
  std::ofstream file(part, std::ios::binary | std::ios::trunc);
  if (!file) throw errno_error("write", path.string(), errno);
  file << content;
  file.close();
  std::error_code failed;
  if (!file) {
    const int why = errno;
    if (!direct) fs::remove(part, failed);
    throw errno_error("write", path.string(), why);
  }
  if (direct) return;
  fs::rename(part, path, failed);
  if (failed) throw errno_error("write", path.string(), failed.value());
}

void check_writable(const fs::path& path) {
  std::error_code unknown;
  const auto status = fs::status(path, unknown);
  if (fs::is_directory(status)) throw bad_input("it is a folder; a file is needed", path.string());
  const bool direct = fs::exists(status) && !fs::is_regular_file(status);
  const fs::path folder = path.has_parent_path() ? path.parent_path() : fs::path(".");
  if (::access((direct ? path : folder).c_str(), direct ? W_OK : W_OK | X_OK) != 0)
    throw errno_error("write", path.string(), errno);
}

}  // namespace wattline
