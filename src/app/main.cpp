#include <string>
#include <vector>

#include "app/cli.h"

int main(int argc, char** argv) {
  return wattline::app::run_command_line(argv[0], std::vector<std::string>(argv + 1, argv + argc),
                                         wattline::app::rooms());
}
