// One question over HTTP, answered or given up within its deadline: for what is below the gateway and not on the
// path of a request (the gateway has a client of its own).
//
// Certificates are verified. Neither the environment nor a file of the user's (http_proxy, .netrc) changes where a
// request goes: a proxy is used when it is given here. Redirects are followed for GET, a few times, as long as scheme,
// host and port stay the same; what leads elsewhere is an Error, so that headers with keys never leave for another host.
//
// The program ignores SIGPIPE, as ours does: the TLS library may write to a connection that is gone.
//
// An answer with any status is an answer. Errors: bad_input for a URL, header or method that cannot be; world for what
// happened on the way (name, connection, TLS, time, a body that is cut short or too large); cancelled. They name the
// URL without user, query and fragment, and never a header.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "kernel/quantity.h"

namespace wattline {

using HttpHeaders = std::vector<std::pair<std::string, std::string>>;

struct FetchRequest {
  std::string url;  // http or https
  std::string method = "GET";  // GET or POST
  HttpHeaders headers;
  std::string body;  // of a POST
  Duration connect_deadline{5}, deadline{30};  // to be connected; for all of it, redirects with it
  std::size_t body_limit = std::size_t{8} << 20;  // bytes, as they come over the line
  std::string proxy;  // URL of one; "": none, whatever the environment says
  std::string ca_file;  // certificates (PEM) to trust; "": those of the system
  std::function<bool()> cancelled;  // asked some ten times a second
};

struct FetchResponse {
  int status = 0;
  HttpHeaders headers;  // names in lower case
  std::string body;
  std::string_view header(std::string_view lower_case_name) const;  // "" when there is none
};

FetchResponse fetch(const FetchRequest&);

// "https://host/path": what may be shown of a URL.
std::string shown_url(std::string_view url);
// Whether it is of this machine alone, so that nobody else reads what goes there in the clear.
bool is_loopback_url(std::string_view url);
// A text as a value in a query: "2026-01-01T00%3A00Z".
std::string url_encoded(std::string_view);

}  // namespace wattline
