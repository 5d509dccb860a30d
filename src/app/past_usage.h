// What tenants of the gateway used before, read from the account: joins serve's UsageSource to the ledger.
#pragma once

#include <memory>

#include "kernel/context.h"
#include "serve/usage_source.h"

namespace wattline::app {

// Of the account of this context, which is copied; one that is not there yet holds nothing.
std::shared_ptr<serve::UsageSource> past_usage(const Context&);

}  // namespace wattline::app
