// The real binary, as a user runs it.
#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/json.h"
#include "kernel/testing.h"

namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using wattline::tests::ScratchDir;

struct Outcome {
  int code = 0;
  std::string out, err;
};

std::string slurp(const fs::path& p) {
  std::ifstream f(p, std::ios::binary);
  return std::string((std::istreambuf_iterator<char>(f)), {});
}

Outcome wattline(const std::string& arguments, const ScratchDir& dir, const std::string& prefix = "") {
  const std::string command = "cd '" + dir.path().string() + "' && " + prefix + " HOME='" + dir.path().string() +
                              "' XDG_DATA_HOME= XDG_CONFIG_HOME= '" WATTLINE_BINARY "' " + arguments +
                              " >out.txt 2>err.txt";
  const int status = std::system(command.c_str());
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), slurp(dir.path() / "out.txt"),
          slurp(dir.path() / "err.txt")};
}

TEST(CommandLine, HelpListsTheLine) {
  ScratchDir dir;
  for (const char* words : {"--help", "", "help"}) {
    const auto r = wattline(words, dir);
    EXPECT_EQ(r.code, 0);
    EXPECT_THAT(r.out, HasSubstr("ledger green-algorithms"));
    EXPECT_THAT(r.out, HasSubstr("exit codes"));
  }
  EXPECT_THAT(wattline("ledger --help", dir).out, HasSubstr("slurm"));
  EXPECT_THAT(wattline("ledger green-algorithms --help", dir).out,
              HasSubstr("usage: wattline ledger green-algorithms"));
  EXPECT_THAT(wattline("--version", dir).out, HasSubstr("wattline 0."));
}

TEST(CommandLine, UnknownWordsSuggest) {
  ScratchDir dir;
  auto r = wattline("legder verify", dir);
  EXPECT_EQ(r.code, 2);
  EXPECT_THAT(r.err, HasSubstr("did you mean"));
  r = wattline("ledger green-algoritms", dir);
  EXPECT_EQ(r.code, 2);
  EXPECT_THAT(r.err, HasSubstr("ledger green-algorithms"));
  r = wattline("ledger green-algorithms --coers 3", dir);
  EXPECT_EQ(r.code, 2);
  EXPECT_THAT(r.err, HasSubstr("--cores"));
  EXPECT_EQ(r.out, "");
}

TEST(CommandLine, OutputForms) {
  ScratchDir dir;
  const std::string command = "ledger green-algorithms --runtime 12h --cores 12 --memory 64GB ";
  auto r = wattline(command + "--json --quiet", dir);
  ASSERT_EQ(r.code, 0) << r.err;
  EXPECT_EQ(r.err, "");
  EXPECT_TRUE(wattline::parse_json(r.out).find("blocks"));
  r = wattline(command + "--html page.html", dir);
  EXPECT_EQ(r.code, 0);
  EXPECT_THAT(slurp(dir.path() / "page.html"), HasSubstr("</html>"));
  EXPECT_THAT(r.err, HasSubstr("wrote page.html"));
  EXPECT_THAT(r.err, HasSubstr("wattline itself:"));
  r = wattline(command + "--html nowhere/page.html", dir);
  EXPECT_EQ(r.code, 2);
  EXPECT_THAT(r.err, HasSubstr("nowhere/page.html"));
  EXPECT_THAT(wattline(command + "--csv", dir).out, HasSubstr(","));
}

TEST(CommandLine, WhereOnlyAsciiIsReadNothingElseIsPrinted) {
  ScratchDir dir;
  const std::string command = "ledger green-algorithms --runtime 1s --cores 1 --memory 1GB";
  const auto said = [](const Outcome& r) { return r.out + r.err; };
  ASSERT_THAT(said(wattline(command, dir, "LC_ALL=C.UTF-8")), HasSubstr("µ")) << "what there is to be replaced";
  for (const auto& r : {wattline(command + " --ascii", dir, "LC_ALL=C.UTF-8"), wattline(command, dir, "LC_ALL=C")})
    for (const char c : said(r)) ASSERT_LT(static_cast<unsigned char>(c), 0x80) << said(r);
}

TEST(CommandLine, AReaderThatLeavesIsNoFault) {
  ScratchDir dir;
  const std::string command = "cd '" + dir.path().string() +
                              "' && '" WATTLINE_BINARY "' papers --quiet | head -1 > head.txt; exit ${PIPESTATUS[0]}";
  std::ofstream(dir.path() / "pipe.sh") << command;
  EXPECT_EQ(std::system(("bash '" + (dir.path() / "pipe.sh").string() + "'").c_str()), 0);
  EXPECT_THAT(slurp(dir.path() / "head.txt"), HasSubstr("papers"));
}

TEST(CommandLine, AFullDiskIsSaid) {
  ScratchDir dir;
  const int status = std::system(
      ("'" WATTLINE_BINARY "' papers --quiet >/dev/full 2>'" + (dir.path() / "err.txt").string() + "'").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_THAT(slurp(dir.path() / "err.txt"), HasSubstr("No space left"));
}

TEST(CommandLine, AFullDiskEndsWhatWritesOnAndOn) {
  ScratchDir dir;
  const int status = std::system(("timeout 60 '" WATTLINE_BINARY "' top --lines --interval 0.1 --quiet >/dev/full 2>'" +
                                  (dir.path() / "err.txt").string() + "'")
                                     .c_str());
  EXPECT_EQ(WEXITSTATUS(status), 3);
  EXPECT_THAT(slurp(dir.path() / "err.txt"), HasSubstr("No space left"));
}

TEST(CommandLine, WhereTheAnswerGoesIsTriedBeforeACommandRuns) {
  ScratchDir dir;
  for (const char* where : {"--output nowhere/x.txt", "--html nowhere/x.html", "--output ."}) {
    const auto r = wattline(std::string("run ") + where + " -- touch ran", dir);
    EXPECT_EQ(r.code, 2) << where;
    EXPECT_FALSE(fs::exists(dir.path() / "ran")) << where;
  }
}

TEST(CommandLine, NoRoomForOurWordsChangesNoExitCodeOfACommand) {
  ScratchDir dir;
  const std::string program = "cd '" + dir.path().string() + "' && HOME='" + dir.path().string() +
                              "' XDG_DATA_HOME= XDG_CONFIG_HOME= '" WATTLINE_BINARY "' run --no-record -- sh -c 'exit ";
  for (const char* closed : {"2>/dev/full", "2>&-", "2>&- >&- <&-", ">/dev/full 2>&1"}) {
    EXPECT_EQ(WEXITSTATUS(std::system((program + "5' " + closed).c_str())), 5) << closed;
    EXPECT_EQ(WEXITSTATUS(std::system((program + "0' " + closed).c_str())), 0) << closed;
  }
}

TEST(CommandLine, WhatIsReadByProgramsHasNothingBehindIt) {
  ScratchDir dir;
  const auto r = wattline("run --no-record --json -- true", dir);
  EXPECT_TRUE(wattline::parse_json(r.err).find("blocks"));
  EXPECT_THAT(wattline("run --no-record -- true", dir).err, HasSubstr("wattline itself:"));
  EXPECT_THAT(wattline("papers --json", dir).err, HasSubstr("wattline itself:")) << "of its own stream";
}

TEST(CommandLine, SettingsComeFromEnvironmentAndFiles) {
  ScratchDir dir;
  const std::string command = "ledger green-algorithms --runtime 1h --cores 1 --json --quiet";
  const auto world = wattline(command, dir).out;
  std::ofstream(dir.path() / "wattline.toml") << "[defaults]\nplace = \"FR\"\n";
  const auto france = wattline(command, dir).out;
  EXPECT_NE(world, france);
  // The environment is stronger than the file, the flag stronger than both.
  EXPECT_EQ(wattline(command, dir, "WATTLINE_PLACE=WORLD").out, wattline(command + " --place WORLD", dir).out);
  EXPECT_EQ(wattline(command + " --place FR", dir, "WATTLINE_PLACE=WORLD").out, france);
  std::ofstream(dir.path() / "wattline.toml") << "[defaults\nplace = 3\n";
  const auto broken = wattline(command, dir);
  EXPECT_EQ(broken.code, 2);
  EXPECT_THAT(broken.err, HasSubstr("wattline.toml:1"));
  std::ofstream(dir.path() / "wattline.toml") << "[defaults]\nplace = \"Frnce\"\n";
  EXPECT_THAT(wattline(command, dir).err, HasSubstr("did you mean"));
}

TEST(CommandLine, ACommandThatASignalEndedEndsUsByIt) {
  ScratchDir dir;
  const std::string err = (dir.path() / "err.txt").string();
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::setenv("HOME", dir.path().c_str(), 1);
    ::unsetenv("XDG_DATA_HOME");
    ::unsetenv("XDG_CONFIG_HOME");
    if (!std::freopen(err.c_str(), "w", stderr)) ::_exit(9);
    ::execl(WATTLINE_BINARY, "wattline", "run", "--", "sh", "-c", "kill -INT $$", nullptr);
    ::_exit(8);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  ASSERT_TRUE(WIFSIGNALED(status)) << WEXITSTATUS(status);
  EXPECT_EQ(WTERMSIG(status), SIGINT);
  EXPECT_THAT(slurp(err), testing::AllOf(HasSubstr("Duration"), HasSubstr("ended by signal 2")))
      << "the report is whole";
}

TEST(CommandLine, RunPassesTheExitCodeOn) {
  ScratchDir dir;
  EXPECT_EQ(wattline("run -- sh -c 'exit 7'", dir).code, 7);
  const auto r = wattline("run --label job=test -- sh -c 'echo hello'", dir);
  EXPECT_EQ(r.code, 0) << r.err;
  EXPECT_THAT(r.out, HasSubstr("hello"));
  EXPECT_EQ(wattline("ledger verify", dir).code, 0);
  EXPECT_THAT(wattline("report --by label", dir).out, HasSubstr("job=test"));
}

TEST(CommandLine, AReadOnlyLedgerLosesNoAnswer) {
  ScratchDir dir;
  // Root may write anywhere, so a file stands in the folder's way instead.
  std::ofstream(dir.path() / "ledger") << "not a folder";
  const auto r = wattline("run --ledger ledger -- sh -c 'echo hello'", dir);
  EXPECT_THAT(r.out, HasSubstr("hello"));
  EXPECT_NE(r.err.find("ledger"), std::string::npos);
}

TEST(CommandLine, PapersShowAllRows) {
  ScratchDir dir;
  const auto json = wattline::parse_json(wattline("papers --json --quiet", dir).out);
  const auto& rows = json.at("blocks").as_array().at(0).at("table").at("rows").as_array();
  EXPECT_GE(rows.size(), 48u);
  EXPECT_EQ(wattline("papers check 18", dir).code, 0);
}

}  // namespace
