#include "catalog/capabilities.h"

#include "catalog/intensity/intensity_commands.h"
#include "catalog/listing.h"

namespace wattline::catalog {

std::vector<Capability> capabilities() {
  return {devices_capability(),         models_capability(),       places_capability(),
          factors_capability(),         intensity_capability(),    intensity_import_capability(),
          intensity_fetch_capability(), intensity_now_capability()};
}

}  // namespace wattline::catalog
