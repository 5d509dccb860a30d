// Plans executed for real: order, records, resuming, failures, what interrupts.
#include <csignal>
#include <fstream>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "catalog/catalog.h"
#include "kernel/account.h"
#include "kernel/command_testing.h"
#include "kernel/testing.h"
#include "meter/experiment/run_comparison.h"
#include "meter/experiment/study_run.h"
#include "meter/fake_tree.h"
#include "meter/run.h"
#include "study/wording.h"

namespace wattline::meter {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;
using wattline::tests::message_of;

struct Notebook : AccountSink {
  std::vector<Fact> facts;
  std::string record(const Fact& f) override {
    facts.push_back(f);
    return "uid";
  }
  void record_all(std::span<const Fact> all) override { facts.insert(facts.end(), all.begin(), all.end()); }
};

class Experiments : public testing::Test {
 protected:
  Experiments() {
    ::setenv("WATTLINE_SYSFS_ROOT", tree.roots().sys.c_str(), 1);
    ::setenv("WATTLINE_PROCFS_ROOT", tree.roots().proc.c_str(), 1);
    ::setenv("WATTLINE_NVML_LIBRARY", "/no/such/library.so", 1);
    context.provide(catalog::Catalog::load());
    context.provide<AccountSink>(book);
  }
  ~Experiments() override {
    for (const char* name : {"WATTLINE_SYSFS_ROOT", "WATTLINE_PROCFS_ROOT", "WATTLINE_NVML_LIBRARY"}) ::unsetenv(name);
  }
  std::string file(const std::string& name) const { return (dir.path() / name).string(); }
  void write(const std::string& name, const std::string& text) { std::ofstream(file(name)) << text; }
  std::string read(const std::string& name) const {
    std::ifstream in(file(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  // Four runs that each leave a letter in a file.
  void write_plan(const std::string& second = "printf b >>LOG") {
    std::string text = "run,block,order,seed,size,command\nr1,1,1,7,small,printf a >>LOG\nr2,1,2,7,large," + second +
                       "\nr3,2,3,8,large,printf c >>LOG\nr4,2,4,8,small,printf d >>LOG\n";
    for (std::size_t at; (at = text.find("LOG")) != text.npos;) text.replace(at, 3, file("log"));
    write("plan.csv", text);
  }
  Result study_run(std::vector<std::string> words) {
    words.insert(words.begin(), file("plan.csv"));
    return wattline::tests::run_command(experiment_capabilities(), "run", words, context);
  }
  Result run(const std::vector<std::string>& words) {
    return wattline::tests::run_command(run_capability(), words, context);
  }

  tests::FakeTree tree;
  wattline::tests::ScratchDir dir;
  Context context;
  std::shared_ptr<Notebook> book = std::make_shared<Notebook>();
};

TEST_F(Experiments, APlanIsRunInItsOrderAndRecorded) {
  write_plan();
  const Result r = study_run({"--warm-up", "0", "--place", "FR"});
  EXPECT_EQ(read("log"), "abcd");
  EXPECT_THAT(r.title, HasSubstr("4 of 4"));
  EXPECT_FALSE(r.exit_code);
  const Table t = read_csv(read("plan.records.csv"));
  ASSERT_EQ(t.rows(), 4u);
  EXPECT_EQ(t.column("size").texts()[1], "large");
  EXPECT_EQ(t.column("energy").unit, "J");
  EXPECT_GT(t.column("duration").to_numbers()[0], 0);
  ASSERT_EQ(book->facts.size(), 4u);
  EXPECT_THAT(book->facts[1].labels, AllOf(Contains(Pair("size", "large")), Contains(Pair("run", "r2"))));
  EXPECT_EQ(book->facts[1].place, "FR");
}

TEST_F(Experiments, NothingIsRunTwice) {
  write_plan();
  study_run({"--warm-up", "0", "--most", "3", "--no-record"});
  EXPECT_EQ(read("log"), "abc");
  EXPECT_TRUE(book->facts.empty());
  const Result r = study_run({"--warm-up", "0"});
  EXPECT_EQ(read("log"), "abcd");
  EXPECT_THAT(to_text(r), HasSubstr("3 runs were recorded before"));
  study_run({"--warm-up", "0"});
  EXPECT_EQ(read("log"), "abcd");
}

TEST_F(Experiments, WarmUpRunsOfEachKindAreNotRecorded) {
  write_plan();
  study_run({"--warm-up", "2"});
  EXPECT_EQ(read("log"),
            "ababab"
            "cd");
  EXPECT_EQ(read_csv(read("plan.records.csv")).rows(), 4u);
}

TEST_F(Experiments, ARunThatFailsEndsTheStudyAndIsRunAgain) {
  write_plan("exit 9");
  const Result r = study_run({"--warm-up", "0"});
  EXPECT_EQ(r.exit_code, 9);
  EXPECT_EQ(read("log"), "a");
  EXPECT_THAT(r.warnings, Contains(HasSubstr("run r2 ended with exit code 9")));
  const Result again = study_run({"--warm-up", "0", "--keep-going"});
  EXPECT_EQ(read("log"), "acd");
  EXPECT_THAT(again.warnings, Contains(HasSubstr("1 recorded runs failed")));
  EXPECT_THAT(read("plan.records.csv"), HasSubstr(",9,1,"));
}

TEST_F(Experiments, ACommandThatIsNotThereIsAnExitCode) {
  write_plan("/no/such/program");
  EXPECT_EQ(study_run({"--warm-up", "0"}).exit_code, 127);
}

TEST_F(Experiments, ALineThatWasCutOffIsRunAgain) {
  write_plan();
  study_run({"--warm-up", "0", "--most", "2"});
  std::ofstream(file("plan.records.csv"), std::ios::app) << "r3,run,2026-01-";
  study_run({"--warm-up", "0"});
  EXPECT_EQ(read("log"), "abcd");
  EXPECT_EQ(read_csv(read("plan.records.csv")).rows(), 4u);
}

TEST_F(Experiments, KilledInTheMiddleItGoesOn) {
  // The second run sleeps until a file is there.
  write_plan("printf b >>LOG; while [ ! -e LOG.go ]; do sleep 0.01; done");
  const pid_t child = ::fork();
  if (child == 0) {
    study_run({"--warm-up", "0"});
    ::_exit(0);
  }
  while (read("log") != "ab") ::usleep(5000);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  write("log.go", "");
  const Result r = study_run({"--warm-up", "0"});
  EXPECT_EQ(read("log"), "abbcd") << "the one that was not recorded once more";
  EXPECT_THAT(to_text(r), HasSubstr("1 runs were recorded before"));
}

TEST_F(Experiments, RecordsOfAnotherPlanAreRefused) {
  write_plan();
  study_run({"--warm-up", "0", "--most", "1"});
  write_plan("printf changed >>LOG");
  EXPECT_THAT(message_of([&] { study_run({"--warm-up", "0"}); }), HasSubstr("another plan"));
  write("other.csv", "a,b\n1,2\n");
  EXPECT_THAT(message_of([&] { study_run({"--records", file("other.csv")}); }), HasSubstr("no file of records"));
  EXPECT_EQ(read("other.csv"), "a,b\n1,2\n") << "left as it was";
  write("short.csv", "a");
  EXPECT_THAT(message_of([&] { study_run({"--records", file("short.csv")}); }), HasSubstr("no file of records"));
  EXPECT_EQ(read("short.csv"), "a");
  EXPECT_THAT(message_of([&] { study_run({"--records", dir.path().string()}); }), HasSubstr("cannot write"));
}

TEST_F(Experiments, PlansThatAreNone) {
  const auto plan = [](const std::string& text) {
    return message_of([&] { plan_of(read_csv(text, "p.csv", {.delimiter = ',', .infer = false}), "p.csv"); });
  };
  EXPECT_THAT(plan("run,size\nr1,2\n"), HasSubstr("no column 'command'"));
  EXPECT_THAT(plan("run,command\nr1,true\nr1,true\n"), HasSubstr("twice"));
  EXPECT_THAT(plan("run,command\n,true\n"), HasSubstr("no name"));
  EXPECT_THAT(plan("run,command\nr1,\n"), HasSubstr("no command"));
  EXPECT_THAT(plan("run,command\n"), HasSubstr("no runs"));
  EXPECT_THAT(plan("run,block,command\nr1,x,true\n"), HasSubstr("no number of a block"));
  EXPECT_THAT(plan("run,a,command\nr1,\"x\ny\",true\n"), HasSubstr("line end"));
}

TEST_F(Experiments, TwoCommandsAreComparedInRounds) {
  const std::string log = file("log");
  const Result r = run({"--repeat", "6", "--warm-up", "0", "--against",
                        "printf B >>" + log + "; i=0; while [ $i -lt 60000 ]; do i=$((i+1)); done", "--", "sh", "-c",
                        "printf A >>" + log});
  const std::string order = read("log");
  ASSERT_EQ(order.size(), 12u);
  for (std::size_t i = 0; i < order.size(); i += 2) EXPECT_NE(order[i], order[i + 1]) << "each once a round";
  EXPECT_THAT(order, testing::Not("ABABABABABAB"));
  EXPECT_THAT(to_text(r), AllOf(HasSubstr("B uses"), HasSubstr("more energy than A"), HasSubstr("6 rounds")));
  const Table* differences = r.find_table("B against A");
  ASSERT_TRUE(differences);
  EXPECT_THAT(to_text(r), HasSubstr(study::p_text(differences->column("p").numbers()[0])))
      << "the sentence and the table say the same of what was asked";
  EXPECT_THAT(r.warnings, Contains(HasSubstr("modelled from CPU time")));
  EXPECT_EQ(book->facts.size(), 12u);
  EXPECT_THAT(book->facts[0].labels, Contains(Pair("round", "1")));
}

TEST_F(Experiments, ASeriesGoesOnAfterAnInterruption) {
  const std::vector<std::string> words = {"--repeat",
                                          "4",
                                          "--warm-up",
                                          "0",
                                          "--no-record",
                                          "--runs",
                                          file("runs.csv"),
                                          "--",
                                          "/bin/sh",
                                          "-c",
                                          "printf x >>" + file("log") + "; [ -e " + file("go") + " ] || { [ $(wc -c <" +
                                              file("log") + ") -lt 2 ] || kill -INT $PPID; }"};
  const Result first = run(words);
  EXPECT_EQ(first.exit_code, -SIGINT);
  EXPECT_THAT(first.warnings, Contains(HasSubstr("interrupted by signal 2")));
  write("go", "");
  const Result second = run(words);
  EXPECT_FALSE(second.exit_code);
  EXPECT_EQ(read("log"), "xxxxx") << "the interrupted one again, the first not";
  EXPECT_EQ(read_csv(read("runs.csv")).rows(), 4u);
}

TEST_F(Experiments, OptionsThatDoNotGoTogether) {
  EXPECT_THAT(message_of([&] { run({"--against", "true", "--", "true"}); }), HasSubstr("--repeat 10"));
  EXPECT_THAT(message_of([&] { run({"--runs", "x", "--", "true"}); }), HasSubstr("--repeat"));
  EXPECT_THAT(message_of([&] { run({"--repeat", "2", "--series", "x", "--", "true"}); }), HasSubstr("of one run"));
  EXPECT_EQ(run({"--repeat", "3", "--", "sh", "-c", "exit 4"}).exit_code, 4);
  EXPECT_EQ(run({"--repeat", "3", "--", "/no/such/program"}).exit_code, 127);
}

TEST(Doubts, FirstRunsDriftAndOutliers) {
  EXPECT_THAT(doubts("A", {10, 10.1, 9.9, 10, 10.2, 9.8}, "J"), IsEmpty());
  EXPECT_THAT(doubts("A", {14, 10.1, 9.9, 10, 10.2, 9.8}, "J"), Contains(HasSubstr("first run of A")));
  EXPECT_THAT(doubts("A", {10, 11, 12, 13, 14, 15, 16, 17}, "J"), Contains(HasSubstr("drifts upwards")));
  EXPECT_THAT(doubts("A", {10, 10.1, 9.9, 30, 10.2, 9.8}, "J"), Contains(HasSubstr("1 run of A lies farther")));
  EXPECT_THAT(doubts("A", {1, 2}, "J"), IsEmpty());
}

}  // namespace
}  // namespace wattline::meter
