#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "kernel/error.h"
#include "lm/model.h"
#include "lm/safetensors.h"
#include "lm/test_models.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  try {
    for (const auto& t : wattline::lm::read_safetensors(bytes, "fuzz").tensors)
      if (t.type == "F16" || t.type == "BF16" || t.type == "F32") t.floats("fuzz");
    wattline::lm::load_safetensors(bytes, "fuzz");
  } catch (const wattline::Error&) {}
  return 0;
}

std::vector<std::string> wattline_fuzz_seeds() {
  using namespace wattline::lm;
  Shape s = test::small_shape();
  s.dim = 4;
  s.hidden = 2;
  s.layers = 1;
  s.heads = 2;
  s.kv_heads = 1;
  return {
      save_safetensors("tiny", s, test::random_weights(s, 1)),
      std::string("\x39\0\0\0\0\0\0\0{\"t\":{\"dtype\":\"BF16\",\"shape\":[1,2],\"data_offsets\":[0,4]}}ab\0\x80", 69)};
}
