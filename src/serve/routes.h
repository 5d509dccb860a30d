// What other rooms hang into the gateway: plain request in, plain reply out, no HTTP library in sight.
//
// `app` provides a Routes to the Context; the gateway serves those after its own routes (longest
// matching prefix first), on a small pool of worker threads, so a handler may block. A handler that
// throws wattline::Error is answered with the error's HTTP status and text; anything else is a 500.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace wattline::serve {

class Tenant;
struct ApiKey;
// Whose request it is. Without a tenant nothing is governed. Both live as long as the gateway.
struct Access {
  Tenant* tenant = nullptr;
  const ApiKey* key = nullptr;  // null: keys are not asked for
  explicit operator bool() const { return tenant != nullptr; }
};

struct HttpRequest {
  std::string method;  // "GET"
  std::string path;  // percent-decoded, without the query
  std::map<std::string, std::string> query;  // decoded; the last of repeated names wins
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  Access access;
};

struct HttpReply {
  int status = 200;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;  // further ones
  std::string body;
};

struct Route {
  std::string method;  // "GET" also answers HEAD; "*" takes any
  std::string path_prefix;  // "/api/v1/capabilities"; "/" takes what nothing else took
  std::function<HttpReply(const HttpRequest&)> handle;
};

struct Routes {
  std::vector<Route> list;
};

}  // namespace wattline::serve
