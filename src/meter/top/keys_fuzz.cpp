// Whatever a terminal sends, in whatever pieces: the same keys, and never more held back than a sequence.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "meter/top/keys.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::meter;
  const std::string all(reinterpret_cast<const char*>(data), size);
  KeyReader whole, pieces;
  auto a = whole.feed(all);
  for (auto& k : whole.settle()) a.push_back(std::move(k));
  std::vector<Key> b;
  for (const char c : all)
    for (auto& k : pieces.feed({&c, 1})) b.push_back(std::move(k));
  for (auto& k : pieces.settle()) b.push_back(std::move(k));
  if (!(a == b)) std::abort();
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  return {"q\x1b[A\xe2\x82\xac", "\x1b[1;5D\x1bOH/x\r", "\xc3\x1b\x1b["};
}
