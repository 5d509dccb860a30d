// The safetensors format (huggingface/safetensors): 8 bytes of little-endian header length, a JSON
// header naming each tensor's type, shape and place, then the tensors. Read strictly: what the
// format's own validator refuses (holes, overlaps, trailing bytes, lengths that disagree) is refused.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::lm {

struct TensorView {
  std::string name;
  std::string type;  // "F16", "F32", "BF16", "I64" ... as in the file
  std::vector<std::int64_t> shape;
  std::string_view bytes;  // little-endian, row-major, inside the file

  std::int64_t count() const;
  // F16, BF16 and F32 as binary32. Error for other types.
  std::vector<float> floats(std::string_view where) const;
};

struct SafeTensors {
  std::map<std::string, std::string> metadata;
  std::vector<TensorView> tensors;  // in the order of their bytes

  const TensorView* find(std::string_view name) const;
};

// The views point into `bytes`.
SafeTensors read_safetensors(std::string_view bytes, std::string_view where);

struct TensorToWrite {
  std::string name;
  std::vector<std::int64_t> shape;
  const std::vector<float>* values = nullptr;
};
enum class StoredAs { f16, f32 };
// Tensors in the order given, the header padded so that they begin on 8 bytes.
std::string write_safetensors(const std::map<std::string, std::string>& metadata,
                              const std::vector<TensorToWrite>& tensors, StoredAs as = StoredAs::f16);

}  // namespace wattline::lm
