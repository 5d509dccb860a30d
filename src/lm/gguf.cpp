#include "lm/gguf.h"

#include <bit>

#include "lm/half.h"

namespace wattline::lm {
namespace {

enum ValueType : std::uint32_t { uint32 = 4, int32 = 5, float32 = 6, boolean = 7, string = 8, array = 9 };
enum TensorType : std::uint32_t { f32 = 0, f16 = 1 };

void put(std::string& out, std::uint64_t bits, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(bits >> (8 * i));
}

void put_text(std::string& out, std::string_view text) {
  put(out, text.size(), 8);
  out += text;
}

std::uint64_t aligned(std::uint64_t size) {
  return (size + GgufWriter::alignment - 1) / GgufWriter::alignment * GgufWriter::alignment;
}

}  // namespace

void GgufWriter::begin(std::string_view key, std::uint32_t type) {
  ++count_;
  put_text(pairs_, key);
  put(pairs_, type, 4);
}

GgufWriter& GgufWriter::text(std::string_view key, std::string_view value) {
  begin(key, string);
  put_text(pairs_, value);
  return *this;
}

GgufWriter& GgufWriter::natural(std::string_view key, std::uint32_t value) {
  begin(key, uint32);
  put(pairs_, value, 4);
  return *this;
}

GgufWriter& GgufWriter::number(std::string_view key, float value) {
  begin(key, float32);
  put(pairs_, std::bit_cast<std::uint32_t>(value), 4);
  return *this;
}

GgufWriter& GgufWriter::flag(std::string_view key, bool value) {
  begin(key, boolean);
  put(pairs_, value ? 1 : 0, 1);
  return *this;
}

GgufWriter& GgufWriter::texts(std::string_view key, const std::vector<std::string>& values) {
  begin(key, array);
  put(pairs_, string, 4);
  put(pairs_, values.size(), 8);
  for (const auto& v : values) put_text(pairs_, v);
  return *this;
}

GgufWriter& GgufWriter::integers(std::string_view key, const std::vector<std::int32_t>& values) {
  begin(key, array);
  put(pairs_, int32, 4);
  put(pairs_, values.size(), 8);
  for (auto v : values) put(pairs_, static_cast<std::uint32_t>(v), 4);
  return *this;
}

GgufWriter& GgufWriter::tensor(std::string_view name, const std::vector<std::int64_t>& shape,
                               const std::vector<float>& values, StoredAs as) {
  tensors_.push_back({std::string(name), shape, &values, as});
  return *this;
}

std::string GgufWriter::take() const {
  std::string out = "GGUF";
  put(out, 3, 4);
  put(out, tensors_.size(), 8);
  put(out, count_, 8);
  out += pairs_;
  std::uint64_t at = 0;
  for (const auto& t : tensors_) {
    put_text(out, t.name);
    put(out, t.shape.size(), 4);
    for (std::size_t i = t.shape.size(); i-- > 0;) put(out, static_cast<std::uint64_t>(t.shape[i]), 8);
    put(out, t.as == StoredAs::f16 ? f16 : f32, 4);
    put(out, at, 8);
    at = aligned(at + t.values->size() * (t.as == StoredAs::f16 ? 2 : 4));
  }
  const auto pad = [&] { out.resize(aligned(out.size()), '\0'); };
  pad();
  out.reserve(out.size() + at);
  for (const auto& t : tensors_) {
    for (float f : *t.values)
      t.as == StoredAs::f16 ? put(out, float_to_half(f), 2) : put(out, std::bit_cast<std::uint32_t>(f), 4);
    pad();
  }
  return out;
}

}  // namespace wattline::lm
