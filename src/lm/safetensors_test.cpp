#include "lm/safetensors.h"

#include <bit>
#include <cmath>
#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "lm/half.h"
#include "lm/model.h"
#include "lm/test_models.h"

namespace wattline::lm {
namespace {

using testing::HasSubstr;

std::string file_of(std::string header, const std::string& data) {
  std::string out;
  for (int i = 0; i < 8; ++i) out += static_cast<char>(header.size() >> (8 * i));
  return out + header + data;
}

std::string error_of(const std::string& bytes) {
  try {
    read_safetensors(bytes, "m.st");
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(SafeTensorsTest, WhatIsWrittenIsRead) {
  const std::vector<float> a = {1, -2.5f, 0.125f, 65504}, b = {3};
  const std::string half = write_safetensors({{"k", "v\n\"q\""}}, {{"a", {2, 2}, &a}, {"b", {1}, &b}});
  const SafeTensors read = read_safetensors(half, "half");
  EXPECT_EQ(read.metadata.at("k"), "v\n\"q\"");
  ASSERT_EQ(read.tensors.size(), 2u);
  EXPECT_EQ(read.find("a")->shape, (std::vector<std::int64_t>{2, 2}));
  EXPECT_EQ(read.find("a")->floats("half"), a);
  EXPECT_EQ(read.find("c"), nullptr);
  const std::vector<float> fine = {0.1f, std::nextafter(1.0f, 2.0f)};
  const std::string full = write_safetensors({}, {{"a", {2}, &fine}}, StoredAs::f32);
  EXPECT_EQ(read_safetensors(full, "full").find("a")->floats("full"), fine);
}

TEST(SafeTensorsTest, BrokenFilesAreNamed) {
  EXPECT_THAT(error_of(""), HasSubstr("has 0 bytes"));
  EXPECT_THAT(error_of(std::string(8, '\xff')), HasSubstr("header"));
  EXPECT_THAT(error_of(file_of("[]", "")), HasSubstr("does not begin with '{'"));
  const auto entry = [](const std::string& fields, const std::string& data) {
    return error_of(file_of("{\"t\":{" + fields + "}}", data));
  };
  EXPECT_THAT(entry(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])", "abc"), HasSubstr("outside the 3 bytes"));
  EXPECT_THAT(entry(R"("dtype":"F32","shape":[2],"data_offsets":[0,4])", "abcd"), HasSubstr("type and shape need 8"));
  EXPECT_THAT(entry(R"("dtype":"F99","shape":[1],"data_offsets":[0,4])", "abcd"), HasSubstr("F99"));
  EXPECT_THAT(entry(R"("dtype":"F32","shape":[-1],"data_offsets":[0,4])", "abcd"), HasSubstr("-1"));
  EXPECT_THAT(entry(R"("dtype":"F32","shape":[1],"data_offsets":[4,0])", "abcd"), HasSubstr("[4, 0]"));
  EXPECT_THAT(entry(R"("dtype":"F32","shape":[1],"data_offsets":[0,4])", "abcdef"), HasSubstr("2 bytes after"));
  EXPECT_THAT(entry(R"("dtype":"F32","shape":[4294967296,4294967296,4294967296],"data_offsets":[0,4])", "abcd"),
              HasSubstr("larger than any file"));
  EXPECT_THAT(error_of(file_of(R"({"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},)"
                               R"("b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}})",
                               "abc")),
              HasSubstr("overlap"));
  EXPECT_THAT(error_of(file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
                               R"("a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}})",
                               "ab")),
              testing::Not(HasSubstr("no error")));
}

TEST(SafeTensorsTest, IntegersAreNoWeights) {
  const SafeTensors t = read_safetensors(file_of(R"({"t":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}})", "a"), "m");
  EXPECT_THROW(t.tensors[0].floats("m"), Error);
}

TEST(HalfTest, EveryHalfComesBack) {
  for (std::uint32_t h = 0; h < 65536; ++h) {
    const float f = half_to_float(static_cast<std::uint16_t>(h));
    if (std::isnan(f)) {
      EXPECT_TRUE(std::isnan(half_to_float(float_to_half(f))));
    } else {
      EXPECT_EQ(float_to_half(f), h);
    }
  }
}

TEST(HalfTest, RoundsToTheNearest) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 20000; ++i) {
    const float f = std::ldexp(static_cast<float>(random() >> 40), static_cast<int>(random() % 48) - 48);
    if (!(f < 65504)) continue;
    const std::uint16_t h = float_to_half(f);
    const float error = std::abs(half_to_float(h) - f);
    if (h > 0) {
      EXPECT_LE(error, std::abs(half_to_float(static_cast<std::uint16_t>(h - 1)) - f));
    }
    EXPECT_LE(error, std::abs(half_to_float(static_cast<std::uint16_t>(h + 1)) - f));
  }
  EXPECT_EQ(float_to_half(1e6f), 0x7c00);
  EXPECT_EQ(float_to_half(-1e-9f), 0x8000);
}

TEST(ModelFileTest, AModelComesBack) {
  const Shape shape = test::small_shape();
  const Weights weights = test::random_weights(shape, 1);
  const std::string bytes = save_safetensors("tiny", shape, weights);
  Shape read_shape;
  std::string name;
  const Weights read = read_weights(bytes, "tiny", &read_shape, &name);
  EXPECT_EQ(read_shape, shape);
  EXPECT_EQ(name, "tiny");
  for (const auto& [key, values] : weights)
    for (std::size_t i = 0; i < values.size(); ++i) EXPECT_EQ(read.at(key)[i], half_to_float(float_to_half(values[i])));
  EXPECT_EQ(load_safetensors(bytes, "tiny")->shape(), shape);
}

TEST(ModelFileTest, OtherModelsAreRefused) {
  const Shape shape = test::small_shape();
  Weights weights = test::random_weights(shape, 1);
  const auto error = [](const std::string& bytes) -> std::string {
    try {
      load_safetensors(bytes, "m");
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  const std::string good = save_safetensors("tiny", shape, weights);
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string changed = good;
    changed.replace(changed.find(from), from.size(), to);
    return error(changed);
  };
  EXPECT_THAT(with("wattline-lm-1", "wattline-lm-9"), HasSubstr("wattline-lm-9"));
  EXPECT_THAT(with("\"heads\":\"4\"", "\"heads\":\"3\""), HasSubstr("heads"));
  EXPECT_THAT(with("\"heads\":\"4\"", "\"heads\":\"x\""), HasSubstr("a number is needed"));
  EXPECT_THAT(with("layers.0.down", "layers.0.dawn"), HasSubstr("layers.0.down"));
  weights["norm"][0] = INFINITY;
  EXPECT_THAT(error(save_safetensors("tiny", shape, weights)), HasSubstr("finite"));
}

}  // namespace
}  // namespace wattline::lm
