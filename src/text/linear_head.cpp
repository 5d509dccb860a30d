#include "text/linear_head.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <set>

#include <fmt/format.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/utf8.h"
#include "text/dense.h"
#include "text/linear_algebra.h"

namespace wattline::text {
namespace {

constexpr std::size_t most_labels = 4096, most_weights = std::size_t{1} << 26;
static_assert(std::endian::native == std::endian::little, "weights are little-endian");

}  // namespace

LinearHead::LinearHead(std::string fingerprint, std::vector<std::string> labels, std::size_t dense, std::size_t sparse,
                       std::span<const float> weights, std::span<const float> bias)
    : fingerprint_(std::move(fingerprint)), labels_(std::move(labels)), dense_(dense), sparse_(sparse) {
  if (labels_.size() < 2 || labels_.size() > most_labels)
    throw bad_input(fmt::format("{} labels; a head has 2 to {}", labels_.size(), most_labels), "head");
  if (std::set<std::string>(labels_.begin(), labels_.end()).size() != labels_.size())
    throw bad_input("two labels have one name", "head");
  const std::size_t features = dense + sparse, width = padded();
  if (bias.size() != labels_.size() || weights.size() != features * labels_.size())
    throw bad_input(fmt::format("{} weights and {} biases for {} labels of {} features", weights.size(), bias.size(),
                                labels_.size(), features),
                    "head");
  weights_.assign(features * width, 0.0f);
  // The padding never wins.
  bias_.assign(width, -INFINITY);
  std::copy(bias.begin(), bias.end(), bias_.begin());
  for (std::size_t f = 0; f < features; ++f)
    std::copy_n(weights.begin() + static_cast<std::ptrdiff_t>(f * labels_.size()), labels_.size(),
                weights_.begin() + static_cast<std::ptrdiff_t>(f * width));
}

void LinearHead::set_temperature(double t) {
  if (!(t > 0) || !std::isfinite(t)) throw bad_input(fmt::format("temperature {}", t), "head", "a number over 0");
  temperature_ = t;
}

void LinearHead::check(const FeatureReader& reader) const {
  if (reader.fingerprint() != fingerprint_ || reader.dense_width() != dense_ || reader.sparse_width() != sparse_)
    throw bad_input(fmt::format("the head was trained on {}, but the features are {}", shown_text(fingerprint_, 80),
                                reader.fingerprint()),
                    "head", "use the encoder that it was trained with, or train it again");
}

void LinearHead::scores(const Features& x, std::span<float> out) const {
  std::array<float, 64> room;
  std::vector<float> more;
  float* sums = room.data();
  if (padded() > room.size()) {
    more.resize(padded());
    sums = more.data();
  }
  std::copy(bias_.begin(), bias_.end(), sums);
  linear_scores(weights_.data(), padded(), dense_, x, sums);
  std::copy_n(sums, std::min(out.size(), labels_.size()), out.begin());
}

void softmax(std::span<float> p, double temperature) {
  const float most = *std::max_element(p.begin(), p.end());
  float sum = 0;
  for (float& v : p) sum += v = std::exp((v - most) / static_cast<float>(temperature));
  for (float& v : p) v /= sum;
}

void LinearHead::predict(const Features& x, std::span<float> p) const {
  scores(x, p);
  softmax(p, temperature_);
}

std::string LinearHead::save() const {
  const std::size_t features = dense_ + sparse_, width = padded();
  JsonWriter header;
  header.begin_object().member("format", "text.head.v1").member("fingerprint", fingerprint_).member("note", note);
  header.member("dense", dense_).member("sparse", sparse_).member("temperature", temperature_);
  header.key("labels").begin_array();
  for (const auto& l : labels_) header.value(l);
  header.end_array().key("bias").begin_array();
  for (std::size_t l = 0; l < labels_.size(); ++l) header.value(static_cast<double>(bias_[l]));
  header.end_array().end_object();
  std::string out(8, '\0');
  const std::uint64_t length = header.str().size();
  std::memcpy(out.data(), &length, 8);
  out += header.str();
  for (std::size_t l = 0; l < labels_.size(); ++l) {
    float largest = 0;
    for (std::size_t f = 0; f < features; ++f) largest = std::max(largest, std::abs(weights_[f * width + l]));
    const float scale = largest / 127;
    out.append(reinterpret_cast<const char*>(&scale), sizeof scale);
    for (std::size_t f = 0; f < features; ++f)
      out += static_cast<char>(scale > 0 ? std::lround(weights_[f * width + l] / scale) : 0);
  }
  return out;
}

LinearHead LinearHead::load(std::string_view bytes, std::string_view where) {
  const std::string place(where);
  const std::string hint = "the file is no head of this version, or is cut short";
  std::uint64_t length = 0;
  if (bytes.size() >= 8) std::memcpy(&length, bytes.data(), 8);
  if (bytes.size() < 8 || length > bytes.size() - 8 || length > std::size_t{1} << 24)
    throw bad_input(fmt::format("has {} bytes and says that its header has {}", bytes.size(), length), place, hint);
  const Json header = parse_json(bytes.substr(8, length), where);
  if (header.text_or("format", "") != "text.head.v1")
    throw bad_input("is not of the format text.head.v1", place, "train it again with this version");
  const auto size_at = [&](std::string_view key) {
    const std::int64_t n = header.at(key).as_integer();
    if (n < 0 || static_cast<std::size_t>(n) > most_weights)
      throw bad_input(fmt::format("{} is {}", key, n), place, hint);
    return static_cast<std::size_t>(n);
  };
  const std::size_t dense = size_at("dense"), sparse = size_at("sparse"), features = dense + sparse;
  std::vector<std::string> labels;
  for (const Json& l : header.at("labels").as_array()) labels.push_back(l.as_string());
  std::vector<float> bias;
  for (const Json& b : header.at("bias").as_array()) bias.push_back(static_cast<float>(b.as_number()));
  const std::string_view body = bytes.substr(8 + length);
  if (labels.size() > most_labels || bias.size() != labels.size() ||
      body.size() != labels.size() * (features + sizeof(float)))
    throw bad_input(fmt::format("{} labels of {} features need {} bytes, there are {}", labels.size(), features,
                                labels.size() * (features + sizeof(float)), body.size()),
                    place, hint);
  std::vector<float> weights(features * labels.size());
  for (std::size_t l = 0; l < labels.size(); ++l) {
    const char* row = body.data() + l * (features + sizeof(float));
    float scale;
    std::memcpy(&scale, row, sizeof scale);
    if (!std::isfinite(scale) || !std::isfinite(bias[l]))
      throw bad_input(fmt::format("a number of label {} is not finite", l), place, hint);
    for (std::size_t f = 0; f < features; ++f)
      weights[f * labels.size() + l] = scale * static_cast<signed char>(row[sizeof scale + f]);
  }
  LinearHead head(header.at("fingerprint").as_string(), std::move(labels), dense, sparse, weights, bias);
  head.set_temperature(header.at("temperature").as_number());
  head.note = header.text_or("note", "");
  return head;
}

std::vector<LabelScore> top_labels(std::span<const float> p, std::size_t k) {
  std::vector<LabelScore> all;
  for (std::uint32_t l = 0; l < p.size(); ++l) all.push_back({l, p[l]});
  k = std::min(k, all.size());
  std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k), all.end(),
                    [](const LabelScore& a, const LabelScore& b) {
                      return a.probability != b.probability ? a.probability > b.probability : a.label < b.label;
                    });
  all.resize(k);
  return all;
}

double decisiveness(std::span<const float> p) {
  if (p.size() < 2) return 1;
  double entropy = 0;
  for (const float v : p)
    if (v > 0) entropy -= static_cast<double>(v) * std::log(static_cast<double>(v));
  return std::max(0.0, 1 - entropy / std::log(static_cast<double>(p.size())));
}

}  // namespace wattline::text
