// Models at rest: safetensors whose header's __metadata__ carries the shape.
#include <charconv>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "lm/model.h"
#include "lm/safetensors.h"

namespace wattline::lm {
namespace {

constexpr std::string_view format = "wattline-lm-1", tokenizer = "bytes-1";

template <class T>
T number(const Metadata& metadata, const std::string& key, std::string_view where) {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw bad_input(fmt::format("__metadata__ has no '{}'", key), std::string(where));
  T value{};
  const std::string& text = found->second;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size())
    throw bad_input(fmt::format("__metadata__ '{}' is '{}'; a number is needed", key, text), std::string(where));
  return value;
}

void need(const Metadata& metadata, const std::string& key, std::string_view allowed, std::string_view where) {
  const auto found = metadata.find(key);
  if (found == metadata.end() || found->second != allowed)
    throw bad_input(fmt::format("__metadata__ '{}' is '{}'; this program reads '{}'", key,
                                found == metadata.end() ? "absent" : found->second, allowed),
                    std::string(where), "only models written by `wattline learn lm-train` can be loaded");
}

}  // namespace

Metadata shape_metadata(const Shape& s) {
  return {{"dim", std::to_string(s.dim)},
          {"hidden", std::to_string(s.hidden)},
          {"layers", std::to_string(s.layers)},
          {"heads", std::to_string(s.heads)},
          {"kv_heads", std::to_string(s.kv_heads)},
          {"vocabulary", std::to_string(s.vocabulary)},
          {"context", std::to_string(s.context)},
          {"rope_base", shortest(s.rope_base)},
          {"norm_epsilon", fmt::format("{}", s.norm_epsilon)}};
}

Shape shape_from_metadata(const Metadata& m, std::string_view where) {
  Shape s;
  s.dim = number<int>(m, "dim", where);
  s.hidden = number<int>(m, "hidden", where);
  s.layers = number<int>(m, "layers", where);
  s.heads = number<int>(m, "heads", where);
  s.kv_heads = number<int>(m, "kv_heads", where);
  s.vocabulary = number<int>(m, "vocabulary", where);
  s.context = number<int>(m, "context", where);
  s.rope_base = number<float>(m, "rope_base", where);
  s.norm_epsilon = number<float>(m, "norm_epsilon", where);
  s.check(where);
  return s;
}

Weights read_weights(std::string_view bytes, std::string_view where, Shape* shape, std::string* name) {
  const SafeTensors file = read_safetensors(bytes, where);
  const auto& m = file.metadata;
  need(m, "format", format, where);
  need(m, "tokenizer", tokenizer, where);
  const Shape s = shape_from_metadata(m, where);
  const auto specs = tensor_specs(s);
  Weights weights;
  for (const auto& spec : specs) {
    const TensorView* t = file.find(spec.name);
    if (!t) throw bad_input(fmt::format("the tensor '{}' is missing", spec.name), std::string(where));
    if (t->shape != spec.shape)
      throw bad_input(fmt::format("the tensor '{}' has shape [{}]; the metadata asks for [{}]", spec.name,
                                  fmt::join(t->shape, ", "), fmt::join(spec.shape, ", ")),
                      std::string(where));
    weights[spec.name] = t->floats(where);
  }
  if (file.tensors.size() != specs.size())
    throw bad_input(fmt::format("has {} tensors; this shape has {}", file.tensors.size(), specs.size()),
                    std::string(where));
  if (shape) *shape = s;
  if (name) *name = m.count("name") ? m.at("name") : "unnamed";
  return weights;
}

std::shared_ptr<const Model> load_safetensors(std::string_view bytes, std::string_view where) {
  Shape shape;
  std::string name;
  const Weights weights = read_weights(bytes, where, &shape, &name);
  return std::make_shared<const Model>(name, shape, weights, std::make_shared<ByteTokenizer>(), where);
}

std::string save_safetensors(std::string_view name, const Shape& s, const Weights& weights) {
  std::vector<TensorToWrite> tensors;
  for (auto& spec : tensor_specs(s)) tensors.push_back({spec.name, spec.shape, &weights.at(spec.name)});
  Metadata metadata = shape_metadata(s);
  metadata["format"] = format;
  metadata["architecture"] = "llama";
  metadata["tokenizer"] = tokenizer;
  metadata["name"] = name;
  return write_safetensors(metadata, tensors);
}

}  // namespace wattline::lm
