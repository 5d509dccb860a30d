// `wattline serve`: the gateway from its options to its end, and the check of its configuration.
#pragma once

#include <string>

#include "kernel/context.h"
#include "kernel/options.h"
#include "kernel/result.h"
#include "serve/config.h"

namespace wattline::serve {

struct ServeOptions {
  InputFile config;
  std::string listen;  // over the file's
  std::string place;  // likewise
  std::int64_t threads = 0;
};
const Fields<ServeOptions>& serve_fields();

// Serves until context.stop; then what was answered. Error: a configuration that cannot be, a busy port.
Result serve(const ServeOptions&, Context&);

struct CheckOptions {
  InputFile config;
};
const Fields<CheckOptions>& check_fields();
// What the configuration would serve; the verdict is no when it has faults, each of which is listed.
Result check_config(const CheckOptions&, Context&);

}  // namespace wattline::serve
