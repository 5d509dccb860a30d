// The keys of the configuration file, as what reads them asks for them.
#pragma once

#include "serve/toml_schema.h"

namespace wattline::serve {

// Every key with its type, bounds and default.
TomlSchema config_schema();
// As JSON Schema 2020-12: docs/formats/serve-config.schema.json.
std::string config_json_schema();

}  // namespace wattline::serve
