#include "text/structure.h"

#include <cmath>

#include <gmock/gmock.h>

#include "kernel/command_testing.h"
#include "text/shape.h"

namespace wattline::text {
namespace {

using ::testing::HasSubstr;
using Feature = StructureRule::Feature;
using Source = StructureRule::Source;
using tests::message_of;

StructureValue ask(const StructureRule& rule, std::string_view text) {
  StructureRules::Scratch scratch;
  return StructureRules(std::span(&rule, 1)).evaluate(text, scratch)[0];
}
StructureRule pattern(Feature f, std::string p) {
  StructureRule r{"r", f, Source::pattern};
  r.pattern = std::move(p);
  return r;
}

TEST(Structure, CountsMatchesOfAPattern) {
  StructureRule r = pattern(Feature::count, "[!！]");
  r.gte = 2;
  EXPECT_FALSE(ask(r, "Now!").matched);
  EXPECT_TRUE(ask(r, "Now！!").matched);
  EXPECT_EQ(ask(r, "!!!").value, 3);
  EXPECT_NEAR(ask(r, "!!!").confidence, 1 / (1 + std::exp(-4.0)), 1e-12);
  EXPECT_DOUBLE_EQ(ask(r, "!!").confidence, 0.5);
}

TEST(Structure, EmptyMatchesEndAndBrokenTextToo) {
  EXPECT_EQ(ask(pattern(Feature::count, "x*"), "axé\xFF").value, 5);
  EXPECT_EQ(ask(pattern(Feature::count, "x*"), "").value, 1);
}

TEST(Structure, ExistsIsOneOrNothing) {
  const StructureRule r = pattern(Feature::exists, R"((?m)^\s*\d+\.\s+)");
  EXPECT_EQ(ask(r, "a\n1. one\n2. two").value, 1);
  EXPECT_NEAR(ask(r, "1. one").confidence, 1 / (1 + std::exp(-4.0)), 1e-12);
  EXPECT_FALSE(ask(r, "version 1.2").matched);
}

TEST(Structure, DensityIsPerUnitOfAnyScript) {
  StructureRule r{"r", Feature::density, Source::keywords};
  r.keywords = {"at most", "at least", "最多", "不超过"};
  r.gt = 0.08;
  EXPECT_DOUBLE_EQ(ask(r, "use at most 3, at least 1").value, 2.0 / 7);
  EXPECT_DOUBLE_EQ(ask(r, "最多三个").value, 0.25);
  EXPECT_TRUE(ask(r, "最多三个").matched);
  EXPECT_EQ(ask(r, "").value, 0);
  StructureRule low = pattern(Feature::density, "[?？]");
  low.lt = 0.05;
  EXPECT_TRUE(ask(low, "no question here").matched);
  EXPECT_FALSE(ask(low, "why?").matched);
  EXPECT_TRUE(ask(low, "").matched);
}

TEST(Structure, SequencesAreOrdered) {
  StructureRule r{"r", Feature::sequence, Source::sequences};
  r.sequences = {{"first", "then"}, {"first", "next", "finally"}, {"先", "再"}};
  EXPECT_TRUE(ask(r, "First draw it, then paint.").matched);
  EXPECT_FALSE(ask(r, "Then paint, first draw.").matched);
  EXPECT_FALSE(ask(r, "first, strengthen").matched);
  EXPECT_EQ(ask(r, "first a next b then c finally d").value, 2);
  EXPECT_TRUE(ask(r, "先看再说").matched);
  EXPECT_FALSE(ask(r, "再看先说").matched);
}

TEST(Structure, BytesAreCounted) {
  StructureRule r{"r", Feature::count, Source::bytes};
  r.gte = 4;
  r.lt = 6;
  EXPECT_TRUE(ask(r, "éé").matched);
  EXPECT_FALSE(ask(r, "ééé").matched);
}

TEST(Structure, BadRulesSayWhatIsWrong) {
  const auto build = [](const StructureRule& r) { return message_of([&] { StructureRules(std::span(&r, 1)); }); };
  EXPECT_THAT(build(pattern(Feature::count, "(")), HasSubstr("RE2"));
  EXPECT_THAT(build(pattern(Feature::count, "")), HasSubstr("missing"));
  EXPECT_THAT(build(pattern(Feature::sequence, "a")), HasSubstr("go together"));
  EXPECT_THAT(build({"r", Feature::density, Source::bytes}), HasSubstr("only be counted"));
  EXPECT_THAT(build({"r", Feature::count, Source::keywords}), HasSubstr("no keyword"));
  EXPECT_THAT(build({"r", Feature::sequence, Source::sequences}), HasSubstr("no sequence"));
  StructureRule r = pattern(Feature::count, "a");
  r.gt = 3;
  r.lte = 3;
  EXPECT_THAT(build(r), HasSubstr("no value"));
  r.lte = std::nan("");
  EXPECT_THAT(build(r), HasSubstr("not a number"));
  StructureRule s{"r", Feature::sequence, Source::sequences};
  s.sequences = {{"a", " "}};
  EXPECT_THAT(build(s), HasSubstr("marker"));
}

TextShape shape(std::string_view text) {
  ShapeScratch scratch;
  return shape_of(text, scratch);
}

TEST(Shape, Code) {
  EXPECT_EQ(shape("look:\n```cpp\nint x;\n```\nand\n~~~\ny\n~~~").code_fences, 2u);
  EXPECT_TRUE(shape("def f(x):\n    return x + 1;\n").code());
  EXPECT_TRUE(shape("#include <vector>\nint main() {\n}").code());
  EXPECT_TRUE(shape("fix this: \nfor (int i = 0; i < n; ++i) {\n  total += i;\n}").code());
  EXPECT_FALSE(shape("I return home if it rains. For example, let me know.").code());
  EXPECT_FALSE(shape("For all of us:\nbring food").code());
}

TEST(Shape, StackTraces) {
  EXPECT_TRUE(
      shape("Traceback (most recent call last):\n  File \"a.py\", line 3, in f\nValueError: bad").stack_trace());
  EXPECT_TRUE(
      shape("Exception in thread \"main\" java.lang.NullPointerException\n\tat com.a.B.run(B.java:12)").stack_trace());
  EXPECT_TRUE(shape("panic: boom\n\ngoroutine 1 [running]:").stack_trace());
  EXPECT_TRUE(shape("TypeError: x\n    at f (/app/a.js:1:2)\n    at b.js:3:4").stack_trace());
  EXPECT_FALSE(shape("at the end of the day\nwe met at 3:15").stack_trace());
}

TEST(Shape, Mathematics) {
  EXPECT_TRUE(shape(R"(Show that $x^2$ and \frac{1}{2})").mathematics());
  EXPECT_TRUE(shape("Solve 2x + y = 5 and x - y = 1").mathematics());
  EXPECT_FALSE(shape("It costs $5 or $6, well-known and/or state-of-the-art").mathematics());
  EXPECT_FALSE(shape("12/24/2024 - 3 pm").mathematics());
  EXPECT_FALSE(shape("a dog - I think - is a pet").mathematics());
}

TEST(Shape, Requirements) {
  EXPECT_EQ(shape("Do:\n1. this\n 2) that\n(3) these\n3.5 no").numbered_items, 3u);
  EXPECT_TRUE(shape("1. a\n2. b\n3. c").multi_step());
  EXPECT_FALSE(shape("1. a\n2. b").multi_step());
  EXPECT_TRUE(shape("explain it Step by step").multi_step());
  EXPECT_EQ(shape("Prove it, compare both, prove again").reasoning_verbs, 2u);
  EXPECT_EQ(shape("improve comparable").reasoning_verbs, 0u);
}

TEST(Shape, Greetings) {
  EXPECT_TRUE(shape("Hello! How are you?").greeting);
  EXPECT_TRUE(shape("谢谢").greeting);
  EXPECT_FALSE(shape("Hello, please write a compiler for a small language with tests").greeting);
}

TEST(Shape, AnyBytes) {
  EXPECT_EQ(shape("").lines, 0u);
  EXPECT_EQ(shape("\xFF\xFE\n\n\xC3").lines, 3u);
  EXPECT_EQ(shape("怎么？吗?").questions, 2u);
  EXPECT_EQ(shape("😀").units, 0u);
}

}  // namespace
}  // namespace wattline::text
