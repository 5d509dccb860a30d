// Conditions as expressions: of the policy language, and of `when` in TOML.
//
// OR binds weakest, then AND, then NOT; a leaf is type("name") or type("name", on_error: match); parentheses group.
//   keyword("urgent") AND NOT (domain("law") OR domain("health"))
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "policy/document.h"
#include "policy/language/source.h"
#include "policy/language/token_stream.h"

namespace wattline::policy {

// Takes the tokens of one expression; throws SyntaxFault.
Condition parse_expression(TokenStream&);
// A whole text; its first fault is a finding at `line`.
std::optional<Condition> parse_expression(std::string_view text, std::uint32_t line, const std::string& of, Faults&);
// With the fewest parentheses that keep the tree; an always true one is "".
std::string expression_text(const Condition&, bool upper_case = true);

}  // namespace wattline::policy
