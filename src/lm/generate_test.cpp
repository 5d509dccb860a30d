#include "lm/generate.h"

#include <cmath>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "lm/test_models.h"

namespace wattline::lm {
namespace {

class GenerateTest : public testing::Test {
 protected:
  std::shared_ptr<const Model> model_ = test::random_model(test::small_shape(), 4);
};

GenerateOptions drawn(std::uint64_t seed) {
  GenerateOptions o;
  o.max_tokens = 30;
  o.temperature = 1;
  o.seed = seed;
  return o;
}

TEST_F(GenerateTest, TheSameSeedGivesTheSameAnswer) {
  const Generation a = generate(*model_, "Hi", drawn(5)), b = generate(*model_, "Hi", drawn(5));
  EXPECT_EQ(a.text, b.text);
  EXPECT_EQ(a.completion_tokens, b.completion_tokens);
  bool other = false;
  for (std::uint64_t seed = 6; seed < 10; ++seed) other |= generate(*model_, "Hi", drawn(seed)).text != a.text;
  EXPECT_TRUE(other);
}

TEST_F(GenerateTest, ManyThreadsOnOneModelAnswerAsOneDoes) {
  std::vector<std::string> alone, together(8);
  for (std::uint64_t i = 0; i < 8; ++i) alone.push_back(generate(*model_, "Hello", drawn(i)).text);
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t i = 0; i < 8; ++i)
      threads.emplace_back([&, i] { together[i] = generate(*model_, "Hello", drawn(i)).text; });
  }
  EXPECT_EQ(alone, together);
}

TEST_F(GenerateTest, CountsTokens) {
  GenerateOptions o;
  o.max_tokens = 5;
  const Generation g = generate(*model_, "abc", o);
  EXPECT_EQ(g.prompt_tokens, 5);  // three bytes and two marks
  EXPECT_LE(g.completion_tokens, 5);
  EXPECT_GE(g.completion_tokens, 1);
  EXPECT_GT(g.prefill_cpu.base(), 0);
  EXPECT_GE(g.total, g.time_to_first_token);
}

TEST_F(GenerateTest, TheContextIsTheEnd) {
  GenerateOptions o;
  o.max_tokens = 1000;
  const Generation g = generate(*model_, std::string(40, 'x'), o);
  EXPECT_LE(g.prompt_tokens + g.completion_tokens, 64);
  try {
    generate(*model_, std::string(62, 'x'), o);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    EXPECT_THAT(e.what(), testing::HasSubstr("64 tokens"));
  }
}

TEST_F(GenerateTest, PiecesMakeTheText) {
  for (std::uint64_t seed = 0; seed < 40; ++seed) {
    std::string streamed;
    const Generation g = generate(*model_, "?", drawn(seed), [&](std::string_view piece) {
      EXPECT_FALSE(piece.empty());
      streamed += piece;
      return true;
    });
    EXPECT_EQ(streamed, g.text);
  }
}

TEST_F(GenerateTest, StopsBeforeTheStopText) {
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    const std::string whole = generate(*model_, "?", drawn(seed)).text;
    if (whole.size() < 6) continue;
    GenerateOptions o = drawn(seed);
    o.stop = {"never there", whole.substr(3, 2)};
    std::string streamed;
    const Generation g = generate(*model_, "?", o, [&](std::string_view piece) {
      streamed += piece;
      return true;
    });
    EXPECT_EQ(g.finish, Generation::stop);
    EXPECT_EQ(g.text, whole.substr(0, whole.find(o.stop[1])));
    EXPECT_EQ(streamed, g.text);
  }
}

TEST_F(GenerateTest, CanBeStopped) {
  std::stop_source stop;
  stop.request_stop();
  const Generation none = generate(*model_, "a", drawn(1), {}, stop.get_token());
  EXPECT_EQ(none.finish, Generation::cancelled);
  EXPECT_EQ(none.completion_tokens, 0);
  const Generation refused = generate(*model_, "a", drawn(1), [](std::string_view) { return false; });
  EXPECT_EQ(refused.finish, Generation::cancelled);
}

TEST_F(GenerateTest, RefusesOptionsOutOfRange) {
  const auto refuses = [&](auto change) {
    GenerateOptions o;
    change(o);
    EXPECT_THROW(generate(*model_, "a", o), Error);
  };
  refuses([](auto& o) { o.max_tokens = 0; });
  refuses([](auto& o) { o.temperature = -1; });
  refuses([](auto& o) { o.temperature = NAN; });
  refuses([](auto& o) { o.top_p = 0; });
  refuses([](auto& o) { o.top_p = 1.5; });
  refuses([](auto& o) { o.stop = {""}; });
}

TEST_F(GenerateTest, AnyBytesMayBeAsked) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 50; ++i) {
    std::string prompt;
    for (auto n = random() % 40; n > 0; --n) prompt += static_cast<char>(random());
    EXPECT_NO_THROW(generate(*model_, prompt, drawn(1)));
  }
}

}  // namespace
}  // namespace wattline::lm
