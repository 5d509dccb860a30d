#include "lm/safetensors.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "lm/half.h"

namespace wattline::lm {
namespace {

// As in the format's reference implementation.
constexpr std::uint64_t max_header = 100'000'000;
constexpr std::size_t max_rank = 8;

std::uint64_t little_endian(std::string_view bytes) {
  std::uint64_t n = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) n = n << 8 | static_cast<unsigned char>(bytes[i]);
  return n;
}

std::uint64_t size_of(const std::string& type, std::string_view where) {
  static const std::map<std::string, std::uint64_t> sizes = {
      {"F64", 8},  {"I64", 8}, {"U64", 8}, {"F32", 4}, {"I32", 4}, {"U32", 4}, {"F16", 2},
      {"BF16", 2}, {"I16", 2}, {"U16", 2}, {"I8", 1},  {"U8", 1},  {"BOOL", 1}};
  const auto found = sizes.find(type);
  if (found == sizes.end())
    throw bad_input(
        fmt::format("the tensor type '{}' is unknown; known are F16, BF16, F32, F64 and the integer types", type),
        std::string(where));
  return found->second;
}

std::uint64_t natural(const Json& j, std::string_view what) {
  const std::int64_t n = j.as_integer();
  if (n < 0) throw bad_input(fmt::format("{} is {}; allowed are whole numbers from 0", what, n));
  return static_cast<std::uint64_t>(n);
}

struct Placed {
  TensorView tensor;
  std::uint64_t begin, end;
};

Placed read_entry(const std::string& name, const Json& j, std::string_view data, std::string_view where) {
  Placed p;
  p.tensor.name = name;
  for (const auto& [key, value] : j.as_object())
    if (key != "dtype" && key != "shape" && key != "data_offsets")
      throw bad_input(fmt::format("unknown member '{}'; a tensor has dtype, shape and data_offsets", key));
  p.tensor.type = j.at("dtype").as_string();
  std::uint64_t bytes = size_of(p.tensor.type, where);
  const auto& shape = j.at("shape").as_array();
  if (shape.size() > max_rank)
    throw bad_input(fmt::format("the shape has {} dimensions; at most {} are read", shape.size(), max_rank));
  for (const auto& n : shape) {
    const std::uint64_t extent = natural(n, "a dimension");
    if (__builtin_mul_overflow(bytes, extent, &bytes)) throw bad_input("the shape is larger than any file");
    p.tensor.shape.push_back(static_cast<std::int64_t>(extent));
  }
  const auto& offsets = j.at("data_offsets").as_array();
  if (offsets.size() != 2) throw bad_input("data_offsets needs two numbers: begin and end");
  p.begin = natural(offsets[0], "data_offsets[0]");
  p.end = natural(offsets[1], "data_offsets[1]");
  if (p.begin > p.end || p.end > data.size())
    throw bad_input(fmt::format("data_offsets [{}, {}] lie outside the {} bytes of data", p.begin, p.end, data.size()),
                    {}, "the file may be cut short");
  if (p.end - p.begin != bytes)
    throw bad_input(fmt::format("data_offsets span {} bytes, but type and shape need {}", p.end - p.begin, bytes));
  p.tensor.bytes = data.substr(p.begin, p.end - p.begin);
  return p;
}

}  // namespace

std::int64_t TensorView::count() const {
  std::int64_t n = 1;
  for (auto extent : shape) n *= extent;
  return n;
}

std::vector<float> TensorView::floats(std::string_view where) const {
  std::vector<float> out(static_cast<std::size_t>(count()));
  const std::size_t step = type == "F32" ? 4 : type == "F16" || type == "BF16" ? 2 : 0;
  if (step == 0)
    throw bad_input(fmt::format("the tensor is of type {}; weights are F16, BF16 or F32", type),
                    fmt::format("{}: {}", where, name));
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto bits = static_cast<std::uint32_t>(little_endian(bytes.substr(i * step, step)));
    if (type == "F32") out[i] = std::bit_cast<float>(bits);
    else if (type == "F16") out[i] = half_to_float(static_cast<std::uint16_t>(bits));
    else out[i] = std::bit_cast<float>(bits << 16);
  }
  return out;
}

const TensorView* SafeTensors::find(std::string_view name) const {
  for (const auto& t : tensors)
    if (t.name == name) return &t;
  return nullptr;
}

SafeTensors read_safetensors(std::string_view bytes, std::string_view where) {
  const std::string place(where);
  const std::string_view hint = "the file is not safetensors, or is cut short";
  if (bytes.size() < 8)
    throw bad_input(fmt::format("has {} bytes; a header length needs 8", bytes.size()), place, std::string(hint));
  const std::uint64_t length = little_endian(bytes.substr(0, 8));
  if (length > max_header || length > bytes.size() - 8)
    throw bad_input(fmt::format("says that its header has {} bytes; the file has {} and at most {} are read", length,
                                bytes.size(), max_header),
                    place, std::string(hint));
  const std::string_view header = bytes.substr(8, length), data = bytes.substr(8 + length);
  if (header.empty() || header.front() != '{')
    throw bad_input("the header does not begin with '{'", place, std::string(hint));

  SafeTensors out;
  std::vector<Placed> placed;
  std::set<std::string_view> names;
  const Json root = parse_json(header, place);
  for (const auto& [name, value] : root.as_object()) {
    if (!names.insert(name).second) throw bad_input(fmt::format("'{}' is there twice", name), place);
    try {
      if (name == "__metadata__") {
        for (const auto& [key, text] : value.as_object()) out.metadata[key] = text.as_string();
      } else {
        placed.push_back(read_entry(name, value, data, where));
      }
    } catch (const Error& e) {
      throw e.at(fmt::format("{}: {}", where, name));
    }
  }
  std::stable_sort(placed.begin(), placed.end(), [](const Placed& a, const Placed& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  std::uint64_t expected = 0;
  for (auto& p : placed) {
    if (p.begin != expected)
      throw bad_input(fmt::format("the tensor begins at byte {} of the data, but the one before ends at {}: "
                                  "tensors neither overlap nor leave holes",
                                  p.begin, expected),
                      fmt::format("{}: {}", where, p.tensor.name));
    expected = p.end;
    out.tensors.push_back(std::move(p.tensor));
  }
  if (expected != data.size())
    throw bad_input(fmt::format("has {} bytes after its last tensor", data.size() - expected), place);
  return out;
}

std::string write_safetensors(const std::map<std::string, std::string>& metadata,
                              const std::vector<TensorToWrite>& tensors, StoredAs as) {
  const bool half = as == StoredAs::f16;
  JsonWriter w;
  w.begin_object();
  w.key("__metadata__").begin_object();
  for (const auto& [key, value] : metadata) w.member(key, value);
  w.end_object();
  std::size_t at = 0;
  for (const auto& t : tensors) {
    w.key(t.name).begin_object().member("dtype", half ? "F16" : "F32").key("shape").begin_array();
    for (auto n : t.shape) w.value(n);
    w.end_array().key("data_offsets").begin_array().value(at);
    at += t.values->size() * (half ? 2 : 4);
    w.value(at).end_array().end_object();
  }
  w.end_object();
  std::string header = w.take();
  while (header.size() % 8 != 0) header += ' ';

  std::string out;
  out.reserve(8 + header.size() + at);
  const auto put = [&](std::uint64_t bits, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(bits >> (8 * i));
  };
  put(header.size(), 8);
  out += header;
  for (const auto& t : tensors)
    for (float f : *t.values) half ? put(float_to_half(f), 2) : put(std::bit_cast<std::uint32_t>(f), 4);
  return out;
}

}  // namespace wattline::lm
