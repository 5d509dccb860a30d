// Headers of the request to the upstream that a decision sets or takes out (the reference's header_mutation). Those that
// frame a request or show who the gateway is cannot be touched.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "policy/plugins/draft.h"
#include "policy/settings.h"

namespace wattline::policy {

struct HeaderMutation {
  std::vector<std::pair<std::string, std::string>> set;  // names in lower case; `add` and `update` of the reference
  std::vector<std::string> taken_out;

  static HeaderMutation read(Settings&);
  std::string apply(Draft&) const;
};

// A token of RFC 9110, section 5.6.2, and a value of visible characters, spaces and tabs.
bool is_header_name(std::string_view);
bool is_header_value(std::string_view);

}  // namespace wattline::policy
