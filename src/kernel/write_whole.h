// A file written whole or not at all.
#pragma once

#include <filesystem>
#include <string_view>

namespace wattline {

// Beside the target and renamed over it: no reader sees half a file, and a full disk leaves the old one whole.
// Devices and pipes are written to, never replaced. Error when it cannot.
void write_whole(const std::filesystem::path&, std::string_view content);

}  // namespace wattline
