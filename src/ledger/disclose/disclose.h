// The capabilities `ledger disclose` (is a disclosure complete, and do its figures agree?), `ledger disclose-make` (write
// one from what was measured) and `ledger disclose-corpus` (what share of many disclose what). Papers 20, 28, 34.
#pragma once

#include <string>
#include <vector>

#include "kernel/capability.h"
#include "kernel/claim.h"
#include "ledger/disclose/schema.h"

namespace wattline::ledger::disclose {

struct DiscloseOptions {
  InputFile file;
  Level level = Level::core;
  std::vector<std::string> fail_on;
};
struct MakeOptions {
  InputFile from;
  InputFile measured;
  std::vector<std::string> set;
  std::string write;
};
struct CorpusOptions {
  std::vector<std::string> files;
};

Result disclose(const DiscloseOptions&, Context&);
Result disclose_make(const MakeOptions&, Context&);
Result disclose_corpus(const CorpusOptions&, Context&);
std::vector<Capability> disclose_capabilities();
// Complete and consistent: what the declarations' examples begin with.
std::string sample_disclosure();
std::vector<Claim> disclose_claims();

}  // namespace wattline::ledger::disclose
