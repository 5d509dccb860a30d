#include "app/capabilities.h"

#include "app/docs.h"
#include "app/papers.h"

namespace wattline::app {

std::vector<Capability> capabilities() {
  return {papers_capability(), papers_check_capability(), docs_capability()};
}

}  // namespace wattline::app
