// What makes a page a document that can be signed: a table that says who made it, when and of what. A page
// shows it under the title and ends with lines to sign; text shows it where it stands, CSV leaves it out.
#pragma once

#include <string>

#include "kernel/table.h"

namespace wattline {

inline constexpr std::string_view page_head_schema = "page.head.v1";

// Two columns of text, `what` and `value`: add_row({"made", "2026-11-26"}).
inline Table page_head(std::string title) {
  Table t{std::string(page_head_schema)};
  t.title = std::move(title);
  t.text("what").text("value");
  return t;
}

}  // namespace wattline
