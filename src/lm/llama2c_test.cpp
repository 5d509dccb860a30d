#include "lm/llama2c.h"

#include <fstream>
#include <iterator>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/json.h"
#include "kernel/testing.h"
#include "lm/decoder.h"
#include "lm/generate.h"
#include "lm/sampling.h"

namespace wattline::lm {
namespace {

using testing::HasSubstr;

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The story model with outputs from an independent double-precision reference.
class StoriesTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto shared = tests::shared_dir();
    if (shared) dir_ = *shared / "data" / "tinystories-260k";
    if (!shared || !std::filesystem::exists(dir_)) GTEST_SKIP() << "skipped: no shared data";
    bytes_ = content_of(dir_ / "stories260K.bin");
    pieces_ = content_of(dir_ / "tok512.bin");
    model_ = load_llama2c(bytes_, pieces_, "stories260K.bin");
    std::ifstream golden(dir_ / "golden_greedy.jsonl");
    for (std::string line; std::getline(golden, line);) golden_.push_back(parse_json(line));
    ASSERT_GE(golden_.size(), 3u);
  }

  static std::vector<int> ids(const Json& j) {
    std::vector<int> out;
    for (const auto& id : j.as_array()) out.push_back(static_cast<int>(id.as_integer()));
    return out;
  }

  std::filesystem::path dir_;
  std::string bytes_, pieces_;
  std::shared_ptr<const Model> model_;
  std::vector<Json> golden_;
};

TEST_F(StoriesTest, PromptsBecomeTheSameTokens) {
  for (const auto& g : golden_)
    EXPECT_EQ(model_->tokenizer().encode_prompt(g.at("prompt").as_string()), ids(g.at("prompt_tokens")));
}

TEST_F(StoriesTest, GreedyTokensAreTheReferences) {
  for (const auto& g : golden_) {
    const auto prompt = ids(g.at("prompt_tokens")), expected = ids(g.at("greedy_tokens"));
    Decoder decoder(*model_, model_->shape().context);
    decoder.feed(prompt);
    std::vector<int> got;
    while (got.size() < expected.size()) {
      got.push_back(likeliest(decoder.logits()));
      decoder.feed(std::span(&got.back(), 1));
    }
    EXPECT_EQ(got, expected) << g.at("prompt").as_string();
  }
}

TEST_F(StoriesTest, LikelihoodsAreTheReferences) {
  for (const auto& g : golden_) {
    const auto prompt = ids(g.at("prompt_tokens"));
    Decoder decoder(*model_, model_->shape().context);
    const auto logits = decoder.feed_all(prompt);
    const auto width = static_cast<std::size_t>(model_->shape().vocabulary);
    double nats = 0;
    for (std::size_t i = 1; i < prompt.size(); ++i)
      nats += surprise(std::span(logits).subspan((i - 1) * width, width), prompt[i]);
    const double expected = g.at("prompt_nll_nats").as_number();
    EXPECT_NEAR(nats, expected, 1e-4 * std::max(1.0, expected)) << g.at("prompt").as_string();
    EXPECT_EQ(static_cast<std::int64_t>(prompt.size()) - 1, g.at("prompt_scored_tokens").as_integer());
  }
}

TEST_F(StoriesTest, GeneratesThePublishedText) {
  for (const auto& g : golden_) {
    GenerateOptions o;
    o.max_tokens = static_cast<int>(g.at("greedy_tokens").as_array().size());
    std::string streamed;
    const Generation made = generate(*model_, g.at("prompt").as_string(), o, [&](std::string_view piece) {
      streamed += piece;
      return true;
    });
    // The reference's text is the prompt and its continuation.
    const std::string whole = g.at("prompt").as_string() + made.text;
    const std::string& text = g.at("text").as_string();
    EXPECT_EQ(whole.substr(whole.find_first_not_of(' ')), text.substr(text.find_first_not_of(' ')));
    EXPECT_EQ(streamed, made.text);
  }
}

TEST_F(StoriesTest, ReadingTogetherEqualsReadingOneByOne) {
  const auto prompt = model_->tokenizer().encode_prompt(std::string(150, 'x') + " and Lily went home.");
  Decoder together(*model_, 256), singly(*model_, 256);
  together.feed(prompt);
  for (int token : prompt) singly.feed(std::span(&token, 1));
  for (std::size_t i = 0; i < together.logits().size(); ++i)
    EXPECT_NEAR(together.logits()[i], singly.logits()[i], 2e-4);
}

TEST_F(StoriesTest, BrokenFilesAreNamed) {
  const auto error_of = [&](std::string model, std::string pieces) -> std::string {
    try {
      load_llama2c(model, pieces, "m.bin");
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  };
  EXPECT_THAT(error_of("", pieces_), HasSubstr("ends at byte 0"));
  EXPECT_THAT(error_of(bytes_.substr(0, 100000), pieces_), HasSubstr("the shape needs"));
  EXPECT_THAT(error_of(bytes_, pieces_.substr(0, 300)), HasSubstr("ends at byte 300"));
  std::string own_head = bytes_;
  own_head.replace(20, 4, std::string("\x00\xfe\xff\xff", 4));
  EXPECT_THAT(error_of(own_head, pieces_), HasSubstr("output head of its own"));
  std::string zero_layers = bytes_;
  zero_layers.replace(8, 4, std::string(4, '\0'));
  EXPECT_THAT(error_of(zero_layers, pieces_), HasSubstr("layers is 0"));
}

}  // namespace
}  // namespace wattline::lm
