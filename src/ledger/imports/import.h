// `ledger import`: facts of other programs into the account.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kernel/capability.h"
#include "ledger/imports/importer.h"

namespace wattline::ledger::imports {

struct RentedOptions {
  std::optional<double> load;  // per cent
};
struct TokenOptions {
  std::string model, device;
  double batch = 1, devices = 1, weight_bits = 16;
  std::optional<Energy> energy_per_token;
};
struct ImportOptions {
  InputFile file;
  Format format = Format::automatic;
  bool dry_run = false;
  std::string place, kind, time_zone;
  Decimal decimal = Decimal::automatic;
  Repeats repeats = Repeats::refuse;
  Changed changed = Changed::refuse;
  Retracted retracted = Retracted::leave;
  bool skip_unknown = false;
  std::vector<std::string> labels;
  RentedOptions rented;
  TokenOptions tokens;
};

Result import(const ImportOptions&, Context&);
Capability import_capability();

}  // namespace wattline::ledger::imports
