// What administrators do, over HTTP on a port and with a key of its own (docs/formats/admin-api.md): tenants
// and keys, usage of all, draining upstreams, reading the configuration anew. Plain request in, plain reply
// out; handlers may block. Thread-safe.
//
// No reply, error or log line holds a key, but for the one reply that gives a new key away.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "serve/admission.h"
#include "serve/governor.h"
#include "serve/routes.h"

namespace wattline::serve {

// A tenant's limits from JSON, as the keys file has them:
// {"models":[..],"requests_per_minute":n,"tokens_per_minute":n,"concurrent":n,"weight":x,"sees":"own"|"all",
//  "budgets":[{"energy":"5 kWh"|J, or carbon, water, usd, tokens; "per":"month","soft":0.8}]}
// Error bad_input: what no tenant can be.
TenantConfig tenant_from_json(std::string name, const Json&);

class AdminApi {
 public:
  struct UpstreamState {
    std::string name;
    std::int64_t under_way = 0;
    bool draining = false;
  };
  struct Hooks {
    std::function<std::vector<UpstreamState>()> upstreams;
    // False: there is no such upstream.
    std::function<bool(const std::string& upstream, bool drain)> drain;
    // What else there is below /admin/v1/: nothing where `rest` is none of it. May be absent.
    std::function<std::optional<HttpReply>(const HttpRequest&, std::string_view rest)> more;
  };
  AdminApi(Governor&, const AdminConfig&, Hooks);

  // Takes the whole valid configuration or keeps the old one, and tells what was done. Error: why not.
  void on_reload(std::function<std::string()> reload) { reload_ = std::move(reload); }

  // Host and Origin, as at the other door.
  const Admission& admission() const { return admission_; }
  HttpReply handle(const HttpRequest&);
  std::int64_t refused() const { return refused_.load(); }

 private:
  HttpReply route(const HttpRequest&);
  HttpReply keys(const HttpRequest&, std::string_view rest);
  HttpReply tenants(const HttpRequest&, std::string_view rest);
  HttpReply upstreams(const HttpRequest&, std::string_view rest);

  Governor& governor_;
  Digest key_;
  Admission admission_;
  Hooks hooks_;
  std::function<std::string()> reload_;
  std::atomic<std::int64_t> refused_{0};
};

}  // namespace wattline::serve
