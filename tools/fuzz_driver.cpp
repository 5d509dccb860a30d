// Runs a libFuzzer target without libFuzzer: the seeds the target offers (wattline_fuzz_seeds, weak)
// and a fixed number of mutations of them, with a fixed seed. Finds crashes, hangs and sanitizer
// reports; `./dev fuzz` runs the same targets under libFuzzer for as long as wanted.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);
std::vector<std::string> wattline_fuzz_seeds();

int main(int argc, char** argv) {
  const long rounds = argc > 1 ? std::atol(argv[1]) : 3000;
  std::vector<std::string> seeds = wattline_fuzz_seeds();
  seeds.emplace_back();
  std::mt19937_64 random(20261124);
  auto run = [](const std::string& s) {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(s.data()), s.size());
  };
  for (const auto& s : seeds) run(s);
  // A target that costs much under sanitizers tries fewer.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  long tried = 0;
  for (long i = 0; i < rounds && std::chrono::steady_clock::now() < end; ++i, ++tried) {
    std::string s = seeds[random() % seeds.size()];
    for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
      const std::size_t at = s.empty() ? 0 : random() % s.size();
      switch (random() % 6) {
        case 0:
          if (!s.empty()) s[at] = static_cast<char>(random());
          break;
        case 1: s.insert(at, 1, static_cast<char>(random())); break;
        case 2:
          if (!s.empty()) s.erase(at, 1 + random() % 8);
          break;
        case 3: s.resize(at); break;
        case 4: s.insert(at, s.substr(at, random() % 32)); break;
        case 5: {
          const auto& t = seeds[random() % seeds.size()];
          s.insert(at, t.substr(0, random() % 64));
          break;
        }
      }
    }
    run(s);
  }
  std::printf("%ld inputs\n", tried + static_cast<long>(seeds.size()));
}
