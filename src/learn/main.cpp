// wattline-learn: the command line over what trains. `wattline learn ...` becomes this program, so that
// wattline itself never loads libtorch.
#include <malloc.h>

#include <string>
#include <vector>

#include "app/cli.h"
#include "learn/capabilities.h"

int main(int argc, char** argv) {
  // Training frees and takes the same few megabytes at every step: keep them.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_TOP_PAD, 1 << 26);
  std::vector<std::string> arguments(argv + 1, argv + argc);
  arguments.insert(arguments.begin(), "learn");
  const wattline::app::Rooms rooms = {{"learn", "everything that trains", wattline::learn::capabilities()}};
  return wattline::app::run_command_line(argv[0], arguments, rooms);
}
