// A publication as JSON, agent.snapshot.v1 (docs/formats/agent-snapshot.md): what GET /api/v1/snapshot answers, and
// what those who pull agents read.
//
// A reader takes what it knows and passes over the rest; what is missing or of another kind is an Error (bad_input)
// that names the member.
#pragma once

#include <string>
#include <string_view>

#include "meter/agent/publisher.h"

namespace wattline::meter {

inline constexpr std::string_view snapshot_schema = "agent.snapshot.v1";

std::string snapshot_json(const Published&);
Published parse_snapshot(std::string_view json, std::string_view where = "snapshot");

}  // namespace wattline::meter
