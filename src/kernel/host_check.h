// Whose name a request's Host is, and keys compared: what each of our HTTP doors asks. A page of another site must not
// reach a server on loopback by a name that resolves to it (DNS rebinding).
#pragma once

#include <string_view>

namespace wattline {

// "localhost:8080" -> "localhost", "[::1]:80" -> "::1".
std::string_view host_without_port(std::string_view authority);
// ASCII letters in any case.
bool same_host_name(std::string_view a, std::string_view b);
// localhost, 127.x.y.z, ::1: without port and brackets.
bool names_this_machine(std::string_view host);
// In a time that does not tell where they differ.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace wattline
