// A disclosure in its forms: our manifest (JSON or YAML, {"wattline_disclosure": 1, ...}), the front matter of a Markdown
// file (under `disclosure:`, else what the Hub's own keys tell), and BoAmps reports (Boavizta). Errors (bad_input) name
// file and line.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "kernel/json.h"

namespace wattline::ledger::disclose {

struct Manifest {
  Json items = Json(Json::Object{});
  std::string form;  // how it was read, for people
  std::vector<std::string> notes;
};
Manifest read_manifest(std::string_view text, std::string_view where);

// BoAmps: what has a place there is put there; the whole manifest goes along as `wattlineDisclosure`, and a report that
// was imported is kept whole under `boamps`, so that neither way loses anything.
Json to_boamps(const Json& items);
Json from_boamps(const Json& report);

std::string to_json_text(const Json& items);
std::string to_yaml_text(const Json& items);
std::string to_markdown_text(const Json& items);  // front matter, and a table for people

}  // namespace wattline::ledger::disclose
