#include "study/experiment_file.h"

#include <fstream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/command_testing.h"
#include "kernel/context.h"
#include "kernel/testing.h"
#include "study/capabilities.h"

namespace wattline::study {
namespace {

using testing::HasSubstr;
using tests::message_of;

const char* const good =
    "name = 'n'\ncommand = 'run {a} {b} {{x}} {seed}'\nrepeats = 3\n[factors]\na = ['one', 'two words', \"it's\"]\n"
    "b = [1, 2.5]\n";

TEST(ExperimentFile, Reads) {
  const Experiment e = read_experiment(good, "e.toml");
  EXPECT_EQ(e.repeats, 3u);
  ASSERT_EQ(e.factors.size(), 2u);
  EXPECT_EQ(e.factors[1].levels, (std::vector<std::string>{"1", "2.5"}));
  EXPECT_EQ(filled(e.command, {{"a", "one"}, {"b", "1"}, {"seed", "5"}}), "run one 1 {x} 5");
  EXPECT_EQ(filled("{a}", {{"a", "two words"}}), "'two words'");
  EXPECT_EQ(filled("{a}", {{"a", "it's; rm *"}}), "'it'\\''s; rm *'");
  EXPECT_EQ(filled("{a}", {{"a", ""}}), "''");
}

TEST(ExperimentFile, MistakesAreNamed) {
  const auto read = [](const std::string& text) { return message_of([&] { read_experiment(text, "e.toml"); }); };
  EXPECT_THAT(read("factors = 3"), HasSubstr("a table is needed"));
  EXPECT_THAT(read("[factors]\na=[1,2]"), HasSubstr("no command"));
  EXPECT_THAT(read("command='x'\nrepeat=3"), HasSubstr("did you mean 'repeats'"));
  EXPECT_THAT(read("command='x'\nrepeats=0"), HasSubstr("from 1"));
  EXPECT_THAT(read("command='x'\n[factors]\nenergy=[1,2]"), HasSubstr("another column"));
  EXPECT_THAT(read("command='x'\n[factors]\n'a b'=[1,2]"), HasSubstr("letters"));
  EXPECT_THAT(read("command='x'\n[factors]\na=[[1],2]"), HasSubstr("a level is"));
  EXPECT_THAT(read("command='x'\n[factors]\na=1"), HasSubstr("list of levels"));
  EXPECT_THAT(read("command="), HasSubstr("e.toml"));
  EXPECT_THAT(message_of([] { filled("{b", {{"a", "1"}}); }), HasSubstr("not closed"));
  EXPECT_THAT(message_of([] { filled("{b}", {{"a", "1"}}); }), HasSubstr("unknown place 'b'"));
}

TEST(DesignCommand, ThePlanHoldsEachRunOnceAndIsTheSameForTheSameSeed) {
  tests::ScratchDir dir;
  const std::string file = (dir.path() / "e.toml").string();
  std::ofstream(file) << good;
  const auto plan = [&](std::uint64_t seed) {
    Context context;
    context.seed = seed;
    const Result r = tests::run_command(capabilities(), "design", {file}, context);
    return *r.find_table("run.plan.v1");
  };
  const Table one = plan(1);
  EXPECT_EQ(one.rows(), 18u);
  EXPECT_EQ(to_csv(one), to_csv(plan(1)));
  EXPECT_NE(to_csv(one), to_csv(plan(2)));
  const auto& runs = one.column("run").texts();
  EXPECT_EQ(std::set<std::string>(runs.begin(), runs.end()).size(), 18u);
  EXPECT_EQ(one.column("seed").integers()[0], one.column("seed").integers()[5]) << "one seed a block";
  EXPECT_NE(one.column("seed").integers()[0], one.column("seed").integers()[6]);
  EXPECT_THAT(one.column("command").texts()[0], HasSubstr("{x} " + std::to_string(one.column("seed").integers()[0])));
}

TEST(DesignCommand, AFactorThatTheCommandDoesNotNameIsWarnedOf) {
  Context context;
  const auto warnings = [&](const std::string& command) {
    tests::ScratchDir dir;
    const std::string file = (dir.path() / "e.toml").string();
    std::ofstream(file) << "command = \"" + command + "\"\nrepeats = 5\n[factors]\na = [1, 2]\nb = [\"x\", \"y\"]\n";
    return tests::run_command(capabilities(), "design", {file}, context).warnings;
  };
  EXPECT_THAT(warnings("work {a} {b}"), testing::IsEmpty());
  EXPECT_THAT(warnings("work {a} {{b}}"), testing::ElementsAre(HasSubstr("does not name {b}")));
}

}  // namespace
}  // namespace wattline::study
