// What `ledger lca` says: tables and figures of one assessment, and of the validation of the model.
#pragma once

#include "kernel/result.h"
#include "ledger/lca/resolve.h"

namespace wattline::ledger::lca {

Table categories_table(const Resolved&, const Cycle&);  // lca.categories.v1
Table parts_table(const Resolved&);  // lca.parts.v1
Table lifetimes_table(const Resolved&);  // lca.lifetimes.v1
Table boundaries_table(const Resolved&, const Cycle&);  // lca.boundaries.v1
Table equivalents_table(const Resolved&, const Cycle&);
Figure stages_figure(const Resolved&, const Cycle&);
Figure climate_figure(const Resolved&, const Cycle&);
// "Use leads in 8 of the 11 categories that can be compared; not assessed in use: CTUe ..."
std::string leaders_text(const Resolved&, const Cycle&);
void add_server(Result&, const Resolved&, const Cycle&, const ServerOptions&);

Result validation(const Data&);

}  // namespace wattline::ledger::lca
