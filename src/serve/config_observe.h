// The parts of the configuration that say who is told of requests: [access_log], [tracing].
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "serve/config.h"
#include "serve/toml_reader.h"

namespace wattline::serve {

void read_observation(TomlTable& root, const Environment&, Config&);

// "name=value,other=value" with %-escapes, as OTEL_EXPORTER_OTLP_HEADERS has it. Nothing where it has another
// form or holds what no header may.
std::optional<std::vector<std::pair<std::string, Secret>>> parse_header_list(std::string_view);

}  // namespace wattline::serve
