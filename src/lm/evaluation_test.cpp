#include "lm/evaluation.h"

#include <cmath>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/context.h"
#include "kernel/error.h"
#include "lm/capabilities.h"
#include "lm/generate.h"
#include "lm/test_models.h"

namespace wattline::lm {
namespace {

TEST(WilsonTest, KnownIntervals) {
  // Newcombe 1998, Statistics in Medicine 17:857, table I, method 3.
  EXPECT_NEAR(wilson(81, 263).low, 0.2553, 5e-5);
  EXPECT_NEAR(wilson(81, 263).high, 0.3662, 5e-5);
  EXPECT_NEAR(wilson(15, 148).low, 0.0624, 5e-5);
  EXPECT_NEAR(wilson(15, 148).high, 0.1605, 5e-5);
  EXPECT_NEAR(wilson(0, 20).low, 0, 1e-12);
  EXPECT_NEAR(wilson(0, 20).high, 0.1611, 5e-5);
  EXPECT_NEAR(wilson(29, 29).low, 29 / (29 + 1.959963984540054 * 1.959963984540054), 1e-9);  // its closed form
  EXPECT_EQ(wilson(0, 0).low, 0);
  EXPECT_EQ(wilson(0, 0).high, 1);
}

TEST(EvaluationTest, AsksDifferentQuestionsAndCanBeStopped) {
  const auto model = test::random_model(
      [] {
        Shape s = test::small_shape();
        s.context = 128;
        return s;
      }(),
      1);
  std::set<std::string> asked;
  const TaskAccuracy a = evaluate(*model, "addition-2", 30, std::mt19937_64(1),
                                  [&](const Problem& p, const std::string&, bool) { asked.insert(p.prompt); });
  EXPECT_EQ(a.asked, 30);
  EXPECT_EQ(asked.size(), 30u);
  EXPECT_LE(a.right, 5);  // of random weights
  EXPECT_THROW(evaluate(*model, "addition-2", 30, std::mt19937_64(1),
                        [](const Problem&, const std::string&, bool) { throw Error(ErrorKind::cancelled, "enough"); }),
               Error);
}

// What is shipped is what is measured: each task is asked anew and must agree with the shipped figure.
// Builds with sanitizers are not optimised and take a minute for the questions that others answer in two
// seconds; the release build asks them all.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int questions_each = 12;
#else
constexpr int questions_each = 60;
#endif

TEST(BuiltInTest, ShippedAccuracyIsMeasuredAgain) {
  for (const auto& name : builtin_names()) {
    const auto model = builtin_model(name);
    const auto shipped = shipped_accuracy(name);
    ASSERT_EQ(shipped.size(), tasks().size());
    for (const auto& s : shipped) {
      Context context;
      context.seed = 77;
      const TaskAccuracy again = evaluate(*model, s.task, questions_each, context.random("shipped " + s.task));
      // Six standard deviations of a sample of so many, and never less than three answers.
      const double p = std::clamp(s.accuracy(), 0.02, 0.98), n = static_cast<double>(again.asked);
      EXPECT_NEAR(static_cast<double>(again.right), s.accuracy() * n, std::max(3.0, 6 * std::sqrt(n * p * (1 - p))))
          << name << " " << s.task;
    }
  }
}

TEST(BuiltInTest, GlowIsRightWhereItMustBe) {
  const auto names = builtin_names();
  ASSERT_THAT(names, testing::Contains("glow-xs"));
  std::map<std::string, TaskAccuracy> by_task;
  for (const auto& a : shipped_accuracy("glow-xs")) by_task[a.task] = a;
  const auto share = [&](const char* one, const char* two) {
    const TaskAccuracy &a = by_task.at(one), &b = by_task.at(two);
    return static_cast<double>(a.right + b.right) / static_cast<double>(a.asked + b.asked);
  };
  EXPECT_GE(share("addition-1", "addition-2"), 0.9);
  EXPECT_GE(by_task.at("capital").accuracy(), 0.9);
  EXPECT_GE(by_task.at("element").accuracy(), 0.9);
}

TEST(BuiltInTest, UnknownNamesSuggest) {
  try {
    builtin_model("glow-xz");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), testing::HasSubstr("glow-xs"));
  }
}

const Capability& named(const std::string& name) {
  static const auto all = capabilities();
  for (const auto& c : all)
    if (c.name == name) return c;
  throw std::logic_error(name);
}

Result run(const std::string& name, const std::vector<std::string>& words, Context context = {}) {
  const Capability& c = named(name);
  return c.run(options_from_arguments(c, words).get(), context);
}

TEST(CommandsTest, ModelsShowsAccuracy) {
  const Result r = run("models", {});
  ASSERT_NE(r.find_table("lm.models.v1"), nullptr);
  ASSERT_NE(r.find_table("lm.accuracy.v1"), nullptr);
  EXPECT_EQ(r.find_table("lm.accuracy.v1")->rows(), tasks().size());
  EXPECT_THROW(run("models", {"gpt-5"}), Error);
}

TEST(CommandsTest, GenerateAnswers) {
  const Result r = run("generate", {"12+30", "--max-tokens", "9"});
  EXPECT_NE(r.find_estimate("tokens_out"), nullptr);
  EXPECT_THROW(run("generate", {}), Error);
  EXPECT_THROW(run("generate", {"hi", "--model", "nobody"}), Error);
  EXPECT_THROW(run("generate", {std::string(5000, 'x')}), Error);
}

TEST(CommandsTest, EvaluateShowsProgressAndStops) {
  Context context;
  double last = 0;
  context.on_progress = [&](double f, std::string_view) {
    EXPECT_GE(f, last);
    last = f;
  };
  const Result r = run("evaluate", {"--questions", "3", "--wrong"}, context);
  EXPECT_EQ(last, 1);
  EXPECT_EQ(r.find_table("lm.accuracy.v1")->rows(), tasks().size());
  EXPECT_THROW(run("evaluate", {"--task", "poetry"}), Error);
  std::stop_source stop;
  Context stopped;
  stopped.stop = stop.get_token();
  stop.request_stop();
  try {
    run("evaluate", {}, stopped);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::cancelled);
  }
}

}  // namespace
}  // namespace wattline::lm
