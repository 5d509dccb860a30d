#include "text/tfjs_weights.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/utf8.h"

namespace wattline::text {
namespace {

static_assert(std::endian::native == std::endian::little, "weights are little-endian");
constexpr std::size_t most_values = std::size_t{1} << 28;

std::string as_text(std::span<const std::size_t> shape) { return fmt::format("[{}]", fmt::join(shape, ", ")); }

}  // namespace

std::uint64_t hash_bytes(std::string_view bytes, std::uint64_t seed) {
  constexpr std::uint64_t prime = 0x9E3779B97F4A7C15u;
  std::uint64_t h = seed ^ (bytes.size() * prime);
  std::size_t i = 0;
  for (; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + i, 8);
    h = std::rotl(h ^ (word * prime), 29) * 0xBF58476D1CE4E5B9u;
  }
  std::uint64_t rest = 0;
  std::memcpy(&rest, bytes.data() + i, bytes.size() - i);
  h = std::rotl(h ^ (rest * prime), 29) * 0xBF58476D1CE4E5B9u;
  return h ^ h >> 32;
}

TfjsWeights::TfjsWeights(std::string_view model_json, const std::string& where,
                         const std::function<std::string(const std::string&)>& read)
    : where_(where), fingerprint_(1) {
  const Json model = parse_json(model_json, where);
  const std::string hint = "install the package again; it may be incomplete or of another version";
  const Json* manifest = model.find("weightsManifest");
  if (!manifest || !manifest->is_array() || manifest->as_array().empty())
    throw bad_input("has no weightsManifest, so it is no TensorFlow.js model", where, hint);
  std::size_t needed = 0;
  std::string bytes;
  for (const Json& group : manifest->as_array()) {
    const Json *weights = group.find("weights"), *paths = group.find("paths");
    if (!weights || !weights->is_array() || !paths || !paths->is_array())
      throw bad_input("a group of weightsManifest needs the lists `weights` and `paths`", where, hint);
    for (const Json& w : weights->as_array()) {
      Entry e;
      const Json *name = w.find("name"), *shape = w.find("shape");
      if (!name || !name->is_string() || !shape || !shape->is_array())
        throw bad_input("a weight needs a name and a shape", where, hint);
      e.name = name->as_string();
      const std::string at = fmt::format("{}: {}", where, shown_text(e.name, 120));
      const std::string type = w.text_or("dtype", "");
      if (type != "float32" && type != "int32")
        throw bad_input(fmt::format("is of type '{}'; float32 and int32 are read", shown_text(type)), at);
      if (w.find("quantization")) throw bad_input("is quantised; plain float32 is read", at);
      e.is_float = type == "float32";
      e.count = 1;
      for (const Json& n : shape->as_array()) {
        if (!n.is_integer() || n.as_integer() < 0 || n.as_integer() > std::int64_t{1} << 28)
          throw bad_input("has a dimension that is no whole number from 0 to 2^28", at);
        const auto extent = static_cast<std::size_t>(n.as_integer());
        e.shape.push_back(extent);
        e.count *= extent;
        if (e.count > most_values) throw bad_input("is over 1 GiB", at);
      }
      e.begin = needed;
      needed += e.count;
      if (needed > most_values) throw bad_input("the weights are over 1 GiB", where);
      fingerprint_ = hash_bytes(e.name, hash_bytes(as_text(e.shape), fingerprint_));
      entries_.push_back(std::move(e));
    }
    // Not on a manifest's word alone.
    bytes.reserve(std::min(needed * sizeof(float), std::size_t{64} << 20));
    for (const Json& path : paths->as_array()) {
      if (!path.is_string() || path.as_string().empty() || path.as_string().find('/') != std::string::npos ||
          path.as_string().starts_with('.'))
        throw bad_input("a shard's path is not the name of a file in the same folder", where);
      bytes += read(path.as_string());
      if (bytes.size() > needed * sizeof(float)) break;
    }
    if (bytes.size() != needed * sizeof(float))
      throw bad_input(fmt::format("the tensors need {} bytes, the shards have {}{}", needed * sizeof(float),
                                  bytes.size() > needed * sizeof(float) ? "more than " : "", bytes.size()),
                      where, hint);
  }
  fingerprint_ = hash_bytes(bytes, fingerprint_);
  values_.resize(needed);
  if (needed > 0) std::memcpy(values_.data(), bytes.data(), bytes.size());
  for (const Entry& e : entries_)
    for (std::size_t i = e.begin; e.is_float && i < e.begin + e.count; ++i)
      if (!std::isfinite(values_[i]))
        throw bad_input(fmt::format("value {} is not finite", i - e.begin),
                        fmt::format("{}: {}", where, shown_text(e.name, 120)), hint);
}

std::span<const float> TfjsWeights::tensor(std::string_view name_end, std::initializer_list<std::size_t> shape) const {
  const Entry* found = nullptr;
  for (const Entry& e : entries_) {
    if (!e.is_float || !std::string_view(e.name).ends_with(name_end)) continue;
    if (found) throw bad_input(fmt::format("two tensors end in '{}'", name_end), where_);
    found = &e;
  }
  if (!found)
    throw bad_input(fmt::format("no float32 tensor ends in '{}'", name_end), where_, "the file is of another model");
  // Dimensions of 1 in front are of no account.
  std::span<const std::size_t> has(found->shape);
  while (has.size() > shape.size() && has.front() == 1) has = has.subspan(1);
  if (!std::equal(has.begin(), has.end(), shape.begin(), shape.end()))
    throw bad_input(fmt::format("'{}' has the shape {}; this model's is {}", name_end, as_text(found->shape),
                                as_text(std::vector<std::size_t>(shape))),
                    where_, "the file is of another model");
  return std::span(values_).subspan(found->begin, found->count);
}

}  // namespace wattline::text
