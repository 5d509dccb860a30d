// The HTTP door of every capability, and the pages: plain routes that the gateway serves.
//
//   GET    /api/v1/capabilities          all declarations
//   GET    /api/v1/{room}/{name}         the JSON schema of its options
//   POST   /api/v1/{room}/{name}         options as JSON; the result as JSON, or as text/html or
//                                        text/csv when Accept says so; 202 and a job for long work
//   GET    /api/v1/jobs/{id}             state, progress, result
//   DELETE /api/v1/jobs/{id}             cancels
//   GET    /                             the page
#pragma once

#include <memory>

#include "kernel/context.h"
#include "serve/routes.h"

namespace wattline::app {

// Handlers run capabilities with a copy of `base` (catalog, sinks). What executes commands or reads
// the machine (Doors::command_line) is not there.
std::shared_ptr<serve::Routes> http_routes(const Context& base);

}  // namespace wattline::app
