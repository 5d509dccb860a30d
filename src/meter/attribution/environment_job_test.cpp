#include "meter/attribution/environment_job.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include "meter/fake_tree.h"

namespace wattline::meter {
namespace {

using namespace std::string_literals;

TEST(EnvironmentJob, IsTheNumberOfTheVariable) {
  EXPECT_EQ(parse_environment_job("PATH=/bin\0SLURM_JOB_ID=4711\0HOME=/\0"s), "4711");
  EXPECT_EQ(parse_environment_job("SLURM_JOBID=12\0"s), "12") << "the name of old";
  EXPECT_EQ(parse_environment_job("XSLURM_JOB_ID=1\0SLURM_JOB_ID_X=2\0A=SLURM_JOB_ID=3\0"s), "");
}

TEST(EnvironmentJob, WhatIsNoNumberIsNoJob) {
  for (const auto& text : {""s, "SLURM_JOB_ID="s, "SLURM_JOB_ID=\0"s, "SLURM_JOB_ID=1\"} evil\0"s, "SLURM_JOB_ID=-1\0"s,
                           "SLURM_JOB_ID=0\0"s, "SLURM_JOB_ID=12345678901234567890\0"s, "SLURM_JOB_ID=47"s, "\0\0\0"s})
    EXPECT_EQ(parse_environment_job(text), "") << text;
}

TEST(EnvironmentJob, IsFoundOverThePiecesInWhichItIsReadAndNotBeyondTheBound) {
  tests::FakeTree tree;
  for (const std::size_t before : {0u, 8000u, 8180u, 8187u, 8191u, 8192u, 20000u, 60000u}) {
    tree.put("proc/7/environ", "A=" + std::string(before, 'x') + '\0' + "SLURM_JOB_ID=4711" + '\0');
    EXPECT_EQ(read_environment_job(tree.roots(), 7), "4711") << before;
  }
  tree.put("proc/7/environ", "A=" + std::string(70000, 'x') + '\0' + "SLURM_JOB_ID=4711" + '\0');
  EXPECT_EQ(read_environment_job(tree.roots(), 7), "");
  EXPECT_EQ(read_environment_job(tree.roots(), 8), "") << "it is gone";
}

TEST(EnvironmentJob, OfAProcessThatIsThere) {
  ::setenv("SLURM_JOB_ID", "31", 1);  // not in what this one was started with
  EXPECT_EQ(read_environment_job(Roots{}, ::getpid()), "");
  ::unsetenv("SLURM_JOB_ID");
}

}  // namespace
}  // namespace wattline::meter
