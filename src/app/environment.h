// What capabilities are handed: the catalog, the ledger's sink, the settings; and the program's own
// energy, which it accounts for like anybody else's.
#pragma once

#include <string>

#include "kernel/account.h"
#include "kernel/context.h"

namespace wattline::app {

// Puts the catalog (with the overrides of `catalog_dir`), the place of the account (`ledger_dir`, or
// where the account lies when nobody says), that of the intensity series and a sink that opens it at the first fact into the context.
void provide_shared_parts(Context&, const std::string& catalog_dir, const std::string& ledger_dir,
                          const std::string& intensity_dir = {});

// "wattline itself: 1.2 J, 0.16 mgCO2e (modelled)": the CPU time of this process and its children so far.
std::string self_account(Context&);

}  // namespace wattline::app
