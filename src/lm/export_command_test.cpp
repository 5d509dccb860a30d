#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "lm/commands.h"
#include "lm/test_models.h"

namespace wattline::lm {
namespace {

namespace fs = std::filesystem;

Result run(const std::vector<std::string>& words) {
  const Capability c = export_capability();
  Context context;
  return c.run(options_from_arguments(c, words).get(), context);
}

std::string error_of(const std::vector<std::string>& words) {
  try {
    run(words);
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(ExportCommand, TakesAModelFile) {
  tests::ScratchDir dir;
  const Shape s = test::small_shape();
  const fs::path in = dir.path() / "in.safetensors", out = dir.path() / "out.gguf";
  std::ofstream(in, std::ios::binary) << save_safetensors("mine", s, test::random_weights(s, 1));
  EXPECT_THAT(run({out.string(), "--file", in.string(), "--type", "f32"}).title, testing::StartsWith("mine as GGUF"));
  EXPECT_GT(fs::file_size(out), static_cast<std::uintmax_t>(s.parameters()) * 4);
}

TEST(ExportCommand, RefusesWhatIsNoModelAndLeavesNothingBehind) {
  tests::ScratchDir dir;
  const fs::path in = dir.path() / "in", out = dir.path() / "out.gguf";
  std::ofstream(in) << "not a model";
  EXPECT_THAT(error_of({out.string(), "--file", in.string()}), testing::HasSubstr("safetensors"));
  EXPECT_THAT(error_of({out.string(), "--file", (dir.path() / "none").string()}), testing::HasSubstr("none"));
  EXPECT_THAT(error_of({out.string(), "--model", "glow"}), testing::HasSubstr("glow-xs"));
  EXPECT_THAT(error_of({out.string(), "--format", "onnx"}), testing::HasSubstr("gguf"));
  EXPECT_THAT(error_of({out.string(), "--type", "q4"}), testing::HasSubstr("f16"));
  EXPECT_THAT(error_of({}), testing::HasSubstr("out"));
  EXPECT_THAT(error_of({(dir.path() / "no" / "where").string()}), testing::HasSubstr("where"));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir.path()), {}), 1) << "the input alone";
}

}  // namespace
}  // namespace wattline::lm
