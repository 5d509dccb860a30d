// Members of a request that a decision takes out, caps or fills in (the reference's request_params): blocked ones, those
// that no chat completion knows, a limit of the answer's tokens and of `n`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "policy/plugins/draft.h"
#include "policy/settings.h"

namespace wattline::policy {

struct RequestParams {
  std::vector<std::string> blocked;
  std::optional<std::int64_t> max_tokens_limit, default_max_tokens, max_n;
  bool strip_unknown = false;

  static RequestParams read(Settings&);
  // What was done, for people; "" when nothing. Names of members that are not known are counted, never told.
  std::string apply(Draft&) const;
};

}  // namespace wattline::policy
