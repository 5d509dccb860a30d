#include "catalog/capabilities.h"

#include "catalog/listing.h"

namespace wattline::catalog {

std::vector<Capability> capabilities() {
  return {devices_capability(), models_capability(), places_capability(), factors_capability()};
}

}  // namespace wattline::catalog
