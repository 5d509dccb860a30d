// The weights of a TensorFlow.js model: `model.json` lists tensors (name, shape, type) and the shard files
// whose bytes, one after another, hold them little-endian in that order.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace wattline::text {

class TfjsWeights {
 public:
  // `read(name)` gives a shard's bytes. Error (bad_input, at `where`): not such a manifest, a type other
  // than float32 and int32 (quantised weights too), a shard that leaves the folder, over 1 GiB of values,
  // more or fewer bytes than the tensors need, a value that is not finite.
  TfjsWeights(std::string_view model_json, const std::string& where,
              const std::function<std::string(const std::string&)>& read);

  // The float32 tensor whose name ends so, with exactly this shape. Error (bad_input) when there is none,
  // more than one, or another shape.
  std::span<const float> tensor(std::string_view name_end, std::initializer_list<std::size_t> shape) const;
  // A number over all bytes, names and shapes.
  std::uint64_t fingerprint() const { return fingerprint_; }

 private:
  struct Entry {
    std::string name;
    std::vector<std::size_t> shape;
    std::size_t begin, count;
    bool is_float;
  };
  std::string where_;
  std::vector<Entry> entries_;
  std::vector<float> values_;
  std::uint64_t fingerprint_ = 0;
};

// 64 bits that change with any byte. Not for adversaries.
std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed = 0);

}  // namespace wattline::text
