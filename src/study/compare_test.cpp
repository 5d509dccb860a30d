#include "study/compare.h"

#include <cmath>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "kernel/testing.h"
#include "study/capabilities.h"

namespace wattline::study {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

Result run(const std::string& csv, CompareOptions o = {}) {
  o.data = InputFile::from_bytes("runs.csv", csv);
  Context context;
  return compare(o, context);
}
CompareOptions by(std::string value, std::string group) {
  CompareOptions o;
  o.value = std::move(value);
  o.group = std::move(group);
  o.bootstrap = 200;
  return o;
}
std::string refusal(const std::string& csv, const CompareOptions& o = {}) {
  try {
    run(csv, o);
  } catch (const Error& e) {
    EXPECT_EQ(exit_code(e.kind()), 2);
    return e.what();
  }
  ADD_FAILURE() << "nothing was refused";
  return {};
}
std::string warnings(const Result& r) {
  std::string all;
  for (const auto& w : r.warnings) all += w + "\n";
  return all;
}
double cell(const Table& t, const std::string& row, const std::string& column) {
  for (std::size_t r = 0; r < t.rows(); ++r)
    if (t.columns()[0].texts()[r] == row) return t.column(column).to_numbers()[r];
  ADD_FAILURE() << "no row " << row;
  return 0;
}

const std::string two =
    "precision,energy [J]\nfp32,1021\nfp32,1034\nfp32,1009\nfp32,1027\nfp32,1040\nfp32,1018\n"
    "bf16,894\nbf16,911\nbf16,902\nbf16,889\nbf16,915\nbf16,899\n";

TEST(Compare, SaysItInWordsWithInterval) {
  const Result r = run(two, by("energy", "precision"));
  const std::string text = to_text(r);
  EXPECT_THAT(text, HasSubstr("bf16 uses 12 % less energy than fp32 (95 %: 10.8 to 13.3 %), with n = 6 each, p ="));
  EXPECT_FALSE(r.verdict.has_value());
  const Table* sizes = r.find_table("study.estimates.v1");
  ASSERT_TRUE(sizes);
  EXPECT_NEAR(cell(*sizes, "difference of means", "value"), -123.1667, 1e-3);
  EXPECT_NEAR(cell(*sizes, "Cliff's delta", "value"), -1, 1e-12);
  const Table* groups = r.find_table("study.summary.v1");
  ASSERT_TRUE(groups);
  EXPECT_EQ(groups->column("mean").unit, "J");
}

TEST(Compare, FindsTheColumnsWhenOnlyOneThingCanBeMeant) {
  CompareOptions o;
  o.bootstrap = 0;
  EXPECT_THAT(to_text(run(two, o)), HasSubstr("bf16 uses 12 % less energy than fp32"));
}

TEST(Compare, TheReferenceTurnsTheDifferenceRound) {
  CompareOptions o = by("energy", "precision");
  o.reference = "bf16";
  EXPECT_THAT(to_text(run(two, o)), HasSubstr("fp32 uses 13.7 % more energy than bf16"));
  o.reference = "bf61";
  EXPECT_THAT(refusal(two, o), HasSubstr("'bf16'"));
}

TEST(Compare, TheSameSeedTheSameAnswer) {
  EXPECT_EQ(to_json(run(two, by("energy", "precision"))), to_json(run(two, by("energy", "precision"))));
}

TEST(Compare, NotToldIsNotCalledEqual) {
  const Result r = run("g,time [s]\na,10\na,12\na,11\nb,11\nb,13\nb,11\n", by("time", "g"));
  const std::string text = to_text(r, 2000);
  EXPECT_THAT(text, AllOf(HasSubstr("No difference in time can be told between a and b with n = 3 each"),
                          HasSubstr("not the same as no difference"), HasSubstr("80 % probability")));
  EXPECT_THAT(warnings(r), HasSubstr("at least 5 runs"));
}

TEST(Compare, EquivalenceIsAVerdict) {
  CompareOptions o = by("energy", "g");
  const std::string near =
      "g,energy [J]\na,100\na,101\na,99\na,100.5\na,99.5\nb,100.2\nb,100.8\nb,99.4\nb,100.1\nb,99.9\n";
  for (const char* margin : {"2 %", "2%", "2 J", "0.002 kJ", "2"}) {
    o.equivalence = margin;
    const Result r = run(near, o);
    ASSERT_TRUE(r.verdict.has_value()) << margin;
    EXPECT_TRUE(r.verdict->holds) << margin;
    EXPECT_THAT(r.verdict->why, HasSubstr("+-2"));
  }
  o.equivalence = "0.1 %";
  const Result r = run(near, o);
  EXPECT_FALSE(r.verdict->holds);
  EXPECT_THAT(r.verdict->why, HasSubstr("does not show a difference either"));
  for (const char* margin : {"0", "-1 %", "x", "%", "5 W", "inf", "nan"}) {
    o.equivalence = margin;
    EXPECT_THAT(refusal(near, o), Not(testing::IsEmpty())) << margin;
  }
}

TEST(Compare, EquivalenceOfManyGroupsNeedsThemAll) {
  CompareOptions o = by("v", "g");
  o.equivalence = "3";
  const std::string csv = "g,v\na,100\na,101\na,99\na,100\nb,100\nb,101\nb,99\nb,100\nc,105\nc,106\nc,104\nc,105\n";
  EXPECT_FALSE(run(csv, o).verdict->holds);
  EXPECT_THAT(run(csv, o).verdict->why, HasSubstr("not shown for c"));
  o.equivalence = "10";
  EXPECT_TRUE(run(csv, o).verdict->holds);
}

TEST(Compare, ManyGroups) {
  const std::string csv =
      "model,energy "
      "[J]\nbase,210\nbase,214\nbase,209\nbase,215\nbase,212\nint8,188\nint8,191\nint8,186\nint8,190\nint8,187\n"
      "pruned,211\npruned,208\npruned,213\npruned,216\npruned,210\n";
  const Result r = run(csv, by("energy", "model"));
  const std::string text = to_text(r, 2000);
  EXPECT_THAT(text,
              AllOf(HasSubstr("The 3 groups differ in energy (Welch's ANOVA"),
                    HasSubstr("int8 uses 11.1 % less energy than base"), HasSubstr("Not to be told from base: pruned"),
                    HasSubstr("Also to be told apart: int8 and pruned")));
  ASSERT_TRUE(r.find_table("study.pairs.v1"));
  EXPECT_EQ(r.find_table("study.pairs.v1")->rows(), 3u);
}

TEST(Compare, WideFormAndPairs) {
  const std::string csv = "before [kWh],after [kWh]\n4.1,3.9\n5.0,4.7\n3.8,3.7\n4.6,4.2\n5.2,5.1\n4.4,4.1\nNA,4.0\n";
  CompareOptions o;
  o.bootstrap = 100;
  EXPECT_THAT(to_text(run(csv, o), 2000), HasSubstr("No difference in energy can be told between before and after"));
  o.paired = true;
  const Result r = run(csv, o);
  EXPECT_THAT(to_text(r, 2000),
              AllOf(HasSubstr("after uses 5.17 % less energy than before"), HasSubstr("n = 6 pairs")));
  EXPECT_THAT(warnings(r), HasSubstr("1 pair is left out"));
}

TEST(Compare, PairsByColumn) {
  CompareOptions o = by("v", "g");
  o.pair = "seed";
  const std::string csv = "seed,g,v\n1,a,10\n2,a,20\n3,a,30\n4,a,40\n3,b,31\n1,b,11\n2,b,21.5\n";
  const Result r = run(csv, o);
  EXPECT_THAT(to_text(r, 2000), HasSubstr("n = 3 pairs"));
  EXPECT_THAT(refusal("seed,g,v\n1,a,10\n1,a,11\n1,b,5\n", o), HasSubstr("pair '1' has two values"));
  EXPECT_THAT(refusal("seed,g,v\n1,a,10\n2,b,5\n", o), HasSubstr("no pair"));
  o.pair.clear();
  o.paired = true;
  EXPECT_THAT(refusal("seed,g,v\n1,a,10\n1,a,11\n1,b,5\n", o), HasSubstr("cannot be paired by order"));
  EXPECT_THAT(refusal("g,v\na,1\nb,2\nc,3\n", by("v", "g").paired ? o : [&] { auto p = by("v", "g"); p.paired = true; return p; }()), HasSubstr("pairs are of two groups"));
}

TEST(Compare, RowsOfOneRunCountOnce) {
  std::string csv = "run,g,power [W]\n";
  for (int run_number = 0; run_number < 6; ++run_number)
    for (int sample = 0; sample < 20; ++sample)
      csv += std::to_string(run_number) + (run_number % 2 ? ",b," : ",a,") +
             std::to_string(100 + run_number * 3 + sample % 2) + "\n";
  CompareOptions o = by("power", "g");
  const Result naive = run(csv, o);
  EXPECT_THAT(warnings(naive), HasSubstr("follow those before them"));
  EXPECT_THAT(warnings(naive), HasSubstr("watts are not joules"));
  o.replicate = "run";
  const Result r = run(csv, o);
  EXPECT_THAT(warnings(r), HasSubstr("120 rows are parts of 6 runs"));
  EXPECT_EQ(r.find_table("study.summary.v1")->column("n").integers()[0], 3);
}

TEST(Compare, RepeatedSeedsAreToldOf) {
  EXPECT_THAT(warnings(run("seed,g,v\n1,a,10\n1,a,10.5\n2,b,11\n3,b,12\n", by("v", "g"))),
              HasSubstr("the same seed stands more than once in 'a'"));
}

TEST(Compare, MissingValuesAndConstantGroups) {
  const Result r = run("g,v\na,1\na,\na,NA\na,1\na,1\nb,2\nb,2\nb,2\n,5\n", by("v", "g"));
  EXPECT_THAT(warnings(r), AllOf(HasSubstr("'a': 2 missing values"), HasSubstr("1 row without a group"),
                                 HasSubstr("all 3 values of 'a' are 1")));
  EXPECT_THAT(to_text(r, 2000), HasSubstr("There is no test"));
  EXPECT_THAT(to_json(r), Not(HasSubstr("nan")));
  EXPECT_THAT(to_text(run("g,v\na,3\na,3\nb,3\nb,3\n", by("v", "g")), 2000), HasSubstr("are the same"));
  EXPECT_THAT(to_text(run("g,v\na,3\nb,4\nc,5\n", by("v", "g")), 2000), HasSubstr("cannot be tested"));
  EXPECT_THAT(to_text(run("g,v\na,3\na,3\nb,4\nb,4\nc,5\nc,5\n", by("v", "g")), 2000), HasSubstr("cannot be tested"));
  EXPECT_THAT(to_text(run("g,v\na,3\na,3\na,3\nb,4\nb,5\nb,6\nc,5\nc,5.5\nc,5.2\n", by("v", "g")), 2000),
              HasSubstr("ANOVA"));
}

TEST(Compare, OutliersAreMarkedAndKept) {
  const Result r = run("g,v\na,10\na,11\na,10.5\na,10.2\na,90\nb,20\nb,21\nb,20.5\nb,20.2\nb,20.1\n", by("v", "g"));
  EXPECT_THAT(warnings(r), HasSubstr("farther than 3 MAD"));
  const Table* t = r.find_table("study.tests.v1");
  EXPECT_GT(cell(*t, "Welch t", "p"), 0.05);
  EXPECT_LT(cell(*t, "Welch t, unmarked values", "p"), 0.001);
}

TEST(Compare, RunRecordsByLabel) {
  const std::string csv =
      "run,kind,energy "
      "[J],method,model,labels\nr1,run,100,measured,m,project=a;user=x\nr2,run,110,modelled,m,project=b\nr3,run,101,"
      "measured,m,project=a\n"
      "r4,run,112,measured,m,user=y;project=b\nr5,run,5,measured,m,user=z\n";
  const Result r = run(csv, by("energy", "label:project"));
  EXPECT_THAT(to_text(r, 2000), HasSubstr("b uses 10.4 % more energy than a"));
  EXPECT_THAT(warnings(r), AllOf(HasSubstr("1 of 4 values are modelled"), HasSubstr("1 row without a group")));
}

TEST(Compare, UnitsFromNames) {
  EXPECT_THAT(to_text(run("g,train_s\na,10\na,11\na,10.5\nb,20\nb,21\nb,20.5\n", by("train_s", "g")), 2000),
              HasSubstr("b takes 95.2 % more time (train_s) than a"));
  EXPECT_THAT(to_text(run("g,score\na,10\na,11\na,10.5\nb,20\nb,21\nb,20.5\n", by("score", "g")), 2000),
              HasSubstr("score is 95.2 % higher with b than with a"));
}

TEST(Compare, BadInputSaysWhatIsWrongAndWhere) {
  EXPECT_THAT(refusal("g,v\na,1\nb,two\n", by("v", "g")),
              AllOf(HasSubstr("runs.csv:3:2"), HasSubstr("'two'"), HasSubstr("--value")));
  EXPECT_THAT(refusal("g,v\na,1\nb,inf\n", by("v", "g")), AllOf(HasSubstr("runs.csv:3:2"), HasSubstr("infinite")));
  EXPECT_THAT(refusal("g,v\na,1\na,2\n", by("v", "g")), AllOf(HasSubstr("two or more groups"), HasSubstr("'a'")));
  EXPECT_THAT(refusal("g,energy\na,1\nb,2\n", by("enrgy", "g")), HasSubstr("'energy'"));
  EXPECT_THAT(refusal("", by("v", "g")), HasSubstr("empty"));
  EXPECT_THAT(refusal("g,v\n", by("v", "g")), HasSubstr("no rows"));
  EXPECT_THAT(refusal("g,v\na,\nb,\n", by("v", "g")), HasSubstr("no numbers"));
  EXPECT_THAT(refusal("a,b\nx,y\nz,w\n"), HasSubstr("--value"));
  EXPECT_THAT(refusal("a,b,v,w\nx,y,1,2\nz,w,2,3\n", by("v", "")), HasSubstr("--group"));
  EXPECT_THAT(refusal("a,v,w\nx,1,2\nz,2,3\n", by("", "a")), HasSubstr("--value"));
  EXPECT_THAT(refusal("x [J],y [s]\n1,2\n3,4\n"), AllOf(HasSubstr("[J]"), HasSubstr("[s]")));
  CompareOptions o = by("v", "g");
  o.groups = {"a", "c"};
  EXPECT_THAT(refusal("g,v\na,1\nb,2\n", o), AllOf(HasSubstr("'c'"), HasSubstr("a, b")));
  o.groups = {"x", "z"};
  EXPECT_THAT(refusal("x,y\n1,2\n3,4\n",
                      [] {
                        CompareOptions w;
                        w.groups = {"x", "z"};
                        return w;
                      }()),
              HasSubstr("'z'"));
  std::string many = "g,v\n";
  for (int i = 0; i < 200; ++i) many += "id" + std::to_string(i) + ",1\n";
  EXPECT_THAT(refusal(many, by("v", "g")), HasSubstr("more than 100 groups"));
}

TEST(Compare, ExamplesSayWhatTheyPromise) {
  const auto previous = std::filesystem::current_path();
  for (const Capability& c : capabilities())
    for (const Example& e : c.examples) {
      tests::ScratchDir dir;
      std::filesystem::current_path(dir.path());
      for (const auto& [name, content] : e.files) std::ofstream(name, std::ios::binary) << content;
      Context context;
      const Result r = c.run(options_from_arguments(c, e.arguments).get(), context);
      EXPECT_THAT(to_text(r), HasSubstr(e.expects));
      EXPECT_THAT(to_html(r), Not(HasSubstr("nan")));
      EXPECT_FALSE(to_csv(r).empty());
      std::filesystem::current_path(previous);
    }
}

TEST(Compare, RealRunsWithRepeatedSeedsAndFewOfThem) {
  const auto shared = tests::shared_dir();
  if (!shared) GTEST_SKIP() << "skipped: no shared data";
  const auto file = *shared / "data" / "bpfree-a100-runs" / "runs.csv";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "skipped: no shared data";
  CompareOptions o = by("gpu_energy_j", "family");
  o.data = InputFile::from_path(file.string());
  Context context;
  const Result r = compare(o, context);
  EXPECT_THAT(warnings(r), HasSubstr("the same seed stands more than once"));
  o.group = "config";
  const Result by_config = compare(o, context);
  EXPECT_THAT(warnings(by_config), HasSubstr("at least 5 runs"));
}

}  // namespace
}  // namespace wattline::study
