// A plain blocking HTTP/1.1 request, for commands that talk to a server on this machine or in this
// network. The gateway's own upstreams do not use it.
#pragma once

#include <string>
#include <string_view>

#include "kernel/quantity.h"

namespace wattline::serve {

struct ClientReply {
  int status = 0;
  std::string body;
};

// `url` is http://host[:port][/path]. Throws Error for addresses it cannot read, hosts it cannot
// reach, answers over 64 MB, and when `timeout` (whole exchange) is over.
ClientReply http_request(std::string_view method, const std::string& url, const std::string& body, Duration timeout);

}  // namespace wattline::serve
