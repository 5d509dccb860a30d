// Which sentence encoder this machine has, and why not another.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "text/encoder.h"

namespace wattline::text {

struct FoundEncoder {
  std::shared_ptr<const Encoder> encoder;
  std::string origin;  // the folder it was read from; "built in"
  std::vector<std::string> notes;  // what was looked at and why it was not taken
};

// In this order: what $WATTLINE_ENCODER names (a folder, or "hashed-ngrams"); the folder
// ../share/wattline/encoder beside the program; the folder encoder/node_modules/... of the source tree that
// the program was built in; hashed n-grams. Error when $WATTLINE_ENCODER names a folder that cannot be read;
// the other places are passed over with a note.
FoundEncoder find_encoder();

// The same with everything given: `named` as the variable ("" for none), `program` the path of the program.
FoundEncoder find_encoder(const std::string& named, const std::filesystem::path& program);

}  // namespace wattline::text
