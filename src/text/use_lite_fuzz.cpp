#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "text/tfjs_weights.h"
#include "text/unigram.h"

// Three parts parted by zero bytes: a model.json, a vocabulary, and what is a shard and a text at once.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace wattline::text;
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  const std::size_t first = all.find('\0'), second = first == all.npos ? first : all.find('\0', first + 1);
  if (second == all.npos) return 0;
  const std::string_view rest = all.substr(second + 1);
  try {
    const TfjsWeights weights(all.substr(0, first), "model.json",
                              [&](const std::string&) { return std::string(rest); });
    weights.tensor("b", {2});
  } catch (const wattline::Error&) {}
  try {
    const UnigramTokenizer tokenizer(all.substr(first + 1, second - first - 1), "vocab.json");
    std::vector<std::uint32_t> ids;
    const bool whole = tokenizer.encode(rest, ids, 8);
    if (ids.size() > 8 || (whole && rest.size() > UnigramTokenizer::longest_text)) __builtin_trap();
    for (const auto id : ids)
      if (id >= tokenizer.pieces()) __builtin_trap();
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  const std::string model =
      R"({"weightsManifest":[{"paths":["x"],"weights":[{"name":"a","shape":[],"dtype":"int32"},{"name":"b","shape":[1,2],"dtype":"float32"}]}]})";
  const std::string vocabulary =
      R"([["?",0],["1",0],["2",0],["3",0],["4",0],["5",0],["a",-1],["ab",-1.5],["▁",null],["é",-3],["b",-2]])";
  const std::string zero(1, '\0');
  return {model + zero + vocabulary + zero + "abab ab é?\xFF", model + zero + "[]" + zero + std::string(12, '\1'),
          "{}" + zero + vocabulary + zero + "中文 ab"};
}
