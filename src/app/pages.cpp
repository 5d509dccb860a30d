#include "app/pages.h"

#include <string_view>

#include <fmt/format.h>

#include "page_files_embedded.h"

namespace wattline::app {
namespace {

std::string_view content_type(std::string_view name) {
  const auto ends = [&](std::string_view suffix) { return name.ends_with(suffix); };
  if (ends(".html")) return "text/html; charset=utf-8";
  if (ends(".js")) return "text/javascript; charset=utf-8";
  if (ends(".css")) return "text/css; charset=utf-8";
  if (ends(".svg")) return "image/svg+xml";
  if (ends(".json")) return "application/json";
  if (ends(".png")) return "image/png";
  if (ends(".woff2")) return "font/woff2";
  return "application/octet-stream";
}

// The page loads nothing from elsewhere and runs no inline script.
const std::vector<std::pair<std::string, std::string>> page_headers = {
    {"content-security-policy",
     "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
     "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"},
    {"x-content-type-options", "nosniff"},
    {"referrer-policy", "no-referrer"},
    {"cache-control", "no-cache"}};

}  // namespace

serve::HttpReply page_reply(const serve::HttpRequest& request) {
  const std::string_view wanted = request.path == "/" ? "index.html" : std::string_view(request.path).substr(1);
  for (const auto& file : page_files())
    if (file.name == wanted)
      return {200, std::string(content_type(file.name)), page_headers, std::string(file.content)};
  if (wanted == "index.html")
    return {200, "text/html; charset=utf-8", page_headers,
            "<!doctype html><title>Wattline</title><p>This build carries no page: web/dist was empty when it was "
            "built. <code>./dev run</code> builds both. The API is there all the same: "
            "<a href=\"/api/v1/status\">/api/v1/status</a>."};
  return {404, "text/plain; charset=utf-8", page_headers, fmt::format("no page at {}\n", request.path.substr(0, 200))};
}

}  // namespace wattline::app
