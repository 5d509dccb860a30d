// For `serve explain`: what the plugins of a decision would do to a request, by running them on it with nothing around.
#pragma once

#include <string_view>

#include "kernel/result.h"
#include "policy/document.h"

namespace wattline::serve {

// Adds a table of the decision's plugins in their order, with what each would do, and with `show_body` the body that
// would be sent. `body` is a chat completion's.
void explain_plugins(Result&, const policy::Policy&, const policy::Decision&, std::string_view body, bool show_body);

}  // namespace wattline::serve
