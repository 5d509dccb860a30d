// TOML read into the kernel's Json, with the lines of its values. toml++ stays behind it.
//
// Dates and times become texts; infinities and NaN are errors, as they have no place in Json. Members of a table stand
// in the order of the file. Errors (bad_input) name the line. Not for configurations, whose reader knows what is asked
// of it: for documents that are kept whole.
#pragma once

#include <string_view>

#include "kernel/json.h"
#include "kernel/source_lines.h"

namespace wattline {

Json json_from_toml(std::string_view toml, std::string_view where = "TOML", SourceLines* lines = nullptr);

// A key as it stands in TOML: bare where it may.
void append_toml_key(std::string& out, std::string_view key);
// A value on one line: scalars, lists, inline tables. TOML knows no null: members that are null are left out, and in a
// list it is an error.
void append_toml_value(std::string& out, const Json&);

}  // namespace wattline
