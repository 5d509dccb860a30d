// wattline-learn: the command line over what trains. `wattline learn ...` becomes this program, so that
// wattline itself never loads libtorch.
#include <string>
#include <vector>

#include <malloc.h>

#include "app/cli.h"
#include "app/docs.h"
#include "learn/capabilities.h"

namespace {

// The rooms of this program; its reference pages lie beside those of wattline.
const wattline::app::Rooms& learn_rooms() {
  static const wattline::app::Rooms rooms = [] {
    auto capabilities = wattline::learn::capabilities();
    capabilities.push_back(wattline::app::docs_capability("learn", learn_rooms, "reference/learn.md"));
    return wattline::app::Rooms{{"learn", "everything that trains", std::move(capabilities)}};
  }();
  return rooms;
}

}  // namespace

int main(int argc, char** argv) {
  // Training frees and takes the same few megabytes at every step: keep them.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 1 << 26);
  std::vector<std::string> arguments(argv + 1, argv + argc);
  arguments.insert(arguments.begin(), "learn");
  return wattline::app::run_command_line(argv[0], arguments, learn_rooms());
}
