#include "kernel/capability.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"

namespace wattline {
namespace {

using testing::HasSubstr;

enum class Size { small, large };

struct Inner {
  std::string place = "WORLD";
};
struct Options {
  Duration time{3600};
  std::optional<Power> power;
  std::int64_t cores = 1;
  double usage = 1;
  bool dry = false;
  Size size = Size::small;
  std::string name;
  InputFile file;
  std::vector<std::string> labels, command;
  Inner inner;
};

Result echo(const Options& o, Context&) {
  Result r;
  r.title = o.name;
  return r;
}

Capability sample() {
  static const Fields<Inner> inner = Fields<Inner>().reference("place", &Inner::place, "places", "where");
  return capability<Options>("test", "sample", "A sample.", echo,
                             Fields<Options>()
                                 .quantity("time", &Options::time, "h", "run time")
                                 .at_least(0)
                                 .quantity("power", &Options::power, "W", "power, when known")
                                 .at_least(0)
                                 .integer("cores", &Options::cores, "cores")
                                 .range(1, 100)
                                 .number("usage", &Options::usage, "usage")
                                 .range(0, 1)
                                 .flag("dry", &Options::dry, "only look")
                                 .enumeration("size", &Options::size, {"small", "large"}, "how big")
                                 .text("name", &Options::name, "a name")
                                 .required()
                                 .positional()
                                 .file("file", &Options::file, "input")
                                 .list("label", &Options::labels, "k=v")
                                 .list("command", &Options::command, "what to run")
                                 .rest()
                                 .group(&Options::inner, inner, "Place"));
}

Options from_words(const std::vector<std::string>& words) {
  return *static_cast<Options*>(options_from_arguments(sample(), words).get());
}
Options from_text(const std::string& json) {
  return *static_cast<Options*>(options_from_json(sample(), parse_json(json)).get());
}
std::string error_of(auto&& f) {
  try {
    f();
  } catch (const Error& e) {
    return e.what();
  }
  return "no error";
}

TEST(CapabilityOptions, ReadFromWords) {
  const Options o = from_words({"job", "--time", "90 min", "--cores=4", "--dry", "--size", "large", "--label", "a=1",
                                "--label", "b=2", "--place", "FR", "--power", "5"});
  EXPECT_EQ(o.name, "job");
  EXPECT_DOUBLE_EQ(o.time.in(units::hour), 1.5);
  EXPECT_EQ(o.cores, 4);
  EXPECT_TRUE(o.dry);
  EXPECT_EQ(o.size, Size::large);
  EXPECT_THAT(o.labels, testing::ElementsAre("a=1", "b=2"));
  EXPECT_EQ(o.inner.place, "FR");
  EXPECT_DOUBLE_EQ(o.power->base(), 5);
}

TEST(CapabilityOptions, RestKeepsTheCommandWhole) {
  EXPECT_THAT(from_words({"job", "--", "make", "--cores", "3"}).command, testing::ElementsAre("make", "--cores", "3"));
  EXPECT_THAT(from_words({"job", "make", "-j"}).command, testing::ElementsAre("make", "-j"));
}

TEST(CapabilityOptions, NegatedFlag) { EXPECT_FALSE(from_words({"job", "--no-dry"}).dry); }

TEST(CapabilityOptions, BadWordsAreNamed) {
  EXPECT_THAT(error_of([] { from_words({"--cores", "3"}); }), HasSubstr("--name is missing"));
  EXPECT_THAT(error_of([] { from_words({"job", "--core", "3"}); }), HasSubstr("did you mean '--cores'"));
  EXPECT_THAT(error_of([] { from_words({"job", "--cores", "0"}); }), HasSubstr("from 1 to 100"));
  EXPECT_THAT(error_of([] { from_words({"job", "--cores", "x"}); }), HasSubstr("--cores: 'x'"));
  EXPECT_THAT(error_of([] { from_words({"job", "--cores"}); }), HasSubstr("needs a value"));
  EXPECT_THAT(error_of([] { from_words({"job", "--time", "-1 h"}); }), HasSubstr("at least 0 h"));
  EXPECT_THAT(error_of([] { from_words({"job", "--time", "3 W"}); }), HasSubstr("measures power"));
  EXPECT_THAT(error_of([] { from_words({"job", "--size", "larg"}); }), HasSubstr("did you mean large"));
  EXPECT_THAT(error_of([] { from_words({"job", "--cores", "1", "--cores", "2"}); }), HasSubstr("twice"));
  EXPECT_THAT(error_of([] { from_words({"job", "--usage", "1.5"}); }), HasSubstr("from 0 to 1"));
}

TEST(CapabilityOptions, ReadFromJson) {
  const Options o =
      from_text(R"({"name":"job","time":2,"power":"1.5 kW","label":["a=1"],"file":{"name":"x.csv","content":"1,2"}})");
  EXPECT_DOUBLE_EQ(o.time.in(units::hour), 2);
  EXPECT_DOUBLE_EQ(o.power->base(), 1500);
  EXPECT_EQ(o.file.read(), "1,2");
}

TEST(CapabilityOptions, JsonNeverReadsServerFiles) {
  EXPECT_THAT(error_of([] { from_text(R"({"name":"j","file":"/etc/passwd"})"); }), HasSubstr("file"));
}

TEST(CapabilityOptions, BadJsonIsNamed) {
  EXPECT_THAT(error_of([] { from_text(R"({"name":"j","coers":1})"); }), HasSubstr("did you mean 'cores'"));
  EXPECT_THAT(error_of([] { from_text(R"({"name":3})"); }), HasSubstr("expected a string"));
  EXPECT_THAT(error_of([] { from_text(R"([1])"); }), HasSubstr("expected an object"));
  EXPECT_THAT(error_of([] { from_text(R"({"name":"j","cores":1.5})"); }), HasSubstr("whole number"));
}

TEST(CapabilityDocs, ComeFromTheDeclaration) {
  const std::string help = help_text(sample());
  EXPECT_THAT(help, HasSubstr("--time N h"));
  EXPECT_THAT(help, HasSubstr("default 1 h"));
  EXPECT_THAT(help, HasSubstr("Place:"));
  EXPECT_THAT(help, HasSubstr("usage: wattline test sample [options] <name> -- WORD..."));
  const Json schema = parse_json(json_schema(sample()));
  EXPECT_EQ(schema.at("required").as_array().at(0).as_string(), "name");
  EXPECT_EQ(schema.at("properties").at("cores").at("maximum").as_number(), 100);
  EXPECT_EQ(schema.at("properties").at("time").at("default").as_number(), 1);
  EXPECT_THAT(docs_markdown(sample()), HasSubstr("small\\|large"));
}

TEST(InputFile, SaysWhyItCannotBeRead) {
  EXPECT_THAT(error_of([] { InputFile::from_path("/nonexistent/x.csv").read(); }), HasSubstr("No such file"));
  EXPECT_THAT(error_of([] { InputFile::from_path("/tmp").read(); }), HasSubstr("folder"));
  tests::ScratchDir dir;
  const auto path = dir.path() / "big";
  std::ofstream(path) << std::string(1000, 'x');
  EXPECT_THAT(error_of([&] { InputFile::from_path(path.string()).read(100); }), HasSubstr("larger"));
  EXPECT_EQ(InputFile::from_path(path.string()).read().size(), 1000u);
}

TEST(Context, RandomStreamsAreIndependentOfEachOther) {
  Context c;
  c.seed = 5;
  EXPECT_EQ(c.random("a")(), c.random("a")());
  EXPECT_NE(c.random("a")(), c.random("b")());
}

TEST(Context, PartsByType) {
  Context c;
  EXPECT_EQ(c.find<int>(), nullptr);
  c.provide(std::make_shared<int>(3));
  EXPECT_EQ(c.get<int>(), 3);
}

}  // namespace
}  // namespace wattline
