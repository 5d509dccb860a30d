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

// In this order: what $WATTLINE_ENCODER names (a folder, "hashed-ngrams", or the address of a server's /v1/embeddings with
// the model behind a '#': "http://127.0.0.1:8081/v1/embeddings#bge-small", its key in $WATTLINE_ENCODER_KEY); the folder
// ../share/wattline/encoder beside the program; the folder encoder/node_modules/... of the source tree that
// the program was built in; hashed n-grams. Error when $WATTLINE_ENCODER names a folder that cannot be read;
// the other places are passed over with a note.
FoundEncoder find_encoder();

// The same with everything given: `named` as the variable ("" for none), `program` the path of the program.
FoundEncoder find_encoder(const std::string& named, const std::filesystem::path& program);

}  // namespace wattline::text
