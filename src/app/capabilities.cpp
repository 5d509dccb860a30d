#include "app/capabilities.h"

#include "app/docs.h"
#include "app/papers.h"
#include "app/rooms.h"

namespace wattline::app {

std::vector<Capability> capabilities() {
  return {papers_capability(), papers_check_capability(), docs_capability("program", rooms, reference_index)};
}

}  // namespace wattline::app
