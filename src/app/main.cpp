#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <malloc.h>

#include "app/cli.h"

int main(int argc, char** argv) {
  // Memory that is given back and taken again while the tables are read costs more than reading them.
  ::mallopt(M_TRIM_THRESHOLD, 8 << 20);
  ::mallopt(M_TOP_PAD, 1 << 20);
  const int code =
      wattline::app::run_command_line(argv[0], std::vector<std::string>(argv + 1, argv + argc), wattline::app::rooms());
#if defined(__OPTIMIZE__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
  // All files are closed: taking the declarations apart one by one would only be for checkers of memory.
  std::fflush(nullptr);
  std::_Exit(code);
#else
  return code;
#endif
}
