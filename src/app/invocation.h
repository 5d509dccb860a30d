// The words of a command line, sorted: which capability, its own words, and the output options that
// every command shares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "app/rooms.h"

namespace wattline::app {

enum class OutputForm { text, json, csv };

struct Invocation {
  const Capability* capability = nullptr;  // null: only help or version was asked for
  std::vector<std::string> words;  // the capability's own
  OutputForm form = OutputForm::text;
  std::string html_file, output_file;
  std::string catalog_dir, ledger_dir, intensity_dir;
  std::uint64_t seed = 1;
  bool quiet = false, help = false, version = false, ascii = false, details = false;
  std::string help_room;  // `wattline ledger --help`
};

// Throws Error for unknown commands, naming the nearest.
Invocation read_invocation(const std::vector<std::string>& arguments, const Rooms&);

}  // namespace wattline::app
