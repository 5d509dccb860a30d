#include "ledger/capabilities.h"

#include "ledger/air/air.h"
#include "ledger/amend.h"
#include "ledger/budget/budget.h"
#include "ledger/disclose/disclose.h"
#include "ledger/emulate/emulate.h"
#include "ledger/exports/export_as.h"
#include "ledger/factors/refactor.h"
#include "ledger/green_algorithms.h"
#include "ledger/impacts/every.h"
#include "ledger/imports/import.h"
#include "ledger/label/label.h"
#include "ledger/lca/lca.h"
#include "ledger/materials/materials.h"
#include "ledger/people/erase.h"
#include "ledger/project/project.h"
#include "ledger/rebound/rebound.h"
#include "ledger/report.h"
#include "ledger/rows.h"
#include "ledger/seal_command.h"
#include "ledger/slurm.h"
#include "ledger/training/report.h"
#include "ledger/verify.h"
#include "ledger/water/water.h"

namespace wattline::ledger {

std::vector<Capability> capabilities() {
  std::vector<Capability> all{report_capability(), budget_capability(), impacts_capability()};
  for (auto& c : row_capabilities()) all.push_back(std::move(c));
  all.push_back(export_as_capability());
  all.push_back(imports::import_capability());
  all.push_back(refactor_capability());
  all.push_back(verify_capability());
  all.push_back(seal_capability());
  all.push_back(erase_capability());
  for (auto& c : amend_capabilities()) all.push_back(std::move(c));
  all.push_back(green_algorithms_capability());
  all.push_back(slurm_capability());
  all.push_back(lca::lca_capability());
  all.push_back(label_capability());
  all.push_back(materials::materials_capability());
  all.push_back(water_capability());
  all.push_back(air_capability());
  all.push_back(project_capability());
  all.push_back(rebound_capability());
  all.push_back(emulate_capability());
  all.push_back(training::training_report_capability());
  for (auto& c : disclose::disclose_capabilities()) all.push_back(std::move(c));
  return all;
}

}  // namespace wattline::ledger
