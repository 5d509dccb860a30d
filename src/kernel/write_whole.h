// A file written whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

namespace wattline {

// Beside the target and renamed over it: no reader sees half a file, and a full disk leaves the old one whole.
// Devices and pipes are written to, never replaced. Error when it cannot.
void write_whole(const std::filesystem::path&, std::string_view content);
// Whether it could be written now, before there is anything to write: Error when it is a folder, its folder is not
// there, or may not be written to. Nothing is made or changed.
void check_writable(const std::filesystem::path&);

}  // namespace wattline
