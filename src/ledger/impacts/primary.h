// Primary energy of the account's electricity, place by place (physics/primary_energy.h), for the reports. A place
// whose generation mix is not known is not assessed and said to be; --mix-file gives one.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "catalog/generation.h"
#include "kernel/options.h"
#include "kernel/result.h"
#include "physics/primary_energy.h"

namespace wattline::ledger {

struct PrimaryOptions {
  physics::PrimaryConvention convention = physics::PrimaryConvention::physical;
  InputFile mix_file;
};
const Fields<PrimaryOptions>& primary_fields();

// Sums over places, of those that are assessed.
struct PrimarySums {
  Estimate<Energy> fossil, nuclear, renewable, total;
  double joules = 0, assessed = 0;  // of the electricity: all of it, and what has a mix
  bool any() const { return assessed > 0; }
  bool whole() const { return any() && assessed >= joules * (1 - 1e-12); }
};

class PrimaryEnergies {
 public:
  // `place`: what a mix without a place is of. Error: the file, or no place for it.
  PrimaryEnergies(const PrimaryOptions&, const catalog::Catalog&, const std::string& place);

  // `electricity` of a place (its code), with the overhead of the site.
  void add(PrimarySums&, const std::string& place, const Estimate<Energy>& electricity);
  // The factors of the places that were asked for, as a table; what was used and what is missing.
  void tell(Result&) const;
  std::string convention() const;  // for people

 private:
  struct Known {
    physics::PrimaryEnergy primary;
    std::string basis;
    FactorUse source;
  };
  const Known* known(const std::string& place);

  const catalog::Catalog& catalog_;
  physics::PrimaryConvention convention_;
  std::shared_ptr<const catalog::GenerationMixes> mixes_;
  std::map<std::string, physics::GenerationMix> given_;  // by place
  std::string file_;
  std::map<std::string, std::optional<Known>> places_;
};

}  // namespace wattline::ledger
