// With WATTLINE_SEEDS=FOLDER a libFuzzer target writes the seeds that it offers there and ends, so that
// `./dev fuzz` begins where the tests do.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

std::vector<std::string> wattline_fuzz_seeds();

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* folder = std::getenv("WATTLINE_SEEDS");
  if (!folder) return 0;
  int number = 0;
  for (const auto& seed : wattline_fuzz_seeds()) {
    std::ofstream file(std::string(folder) + "/seed-" + std::to_string(++number), std::ios::binary);
    if (!(file << seed)) {
      std::fprintf(stderr, "cannot write seeds to %s\n", folder);
      std::exit(1);
    }
  }
  std::exit(0);
}
