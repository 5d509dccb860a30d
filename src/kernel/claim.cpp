#include "kernel/claim.h"

namespace wattline {

std::string_view to_string(ClaimVerdict v) {
  switch (v) {
    case ClaimVerdict::holds: return "holds";
    case ClaimVerdict::differs: return "differs";
    case ClaimVerdict::not_reproducible: return "not reproducible";
    case ClaimVerdict::open: return "open";
  }
  return "open";
}

}  // namespace wattline
