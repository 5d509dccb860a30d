#include "ledger/sacct.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"
#include "ledger/slurm_values.h"

namespace wattline::ledger {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A row that owns its texts.
struct Kept {
  std::uint64_t line;
  std::string id, name, user, partition, state, req_mem, tres;
  std::optional<double> elapsed, total_cpu, cpu_time, gpus, joules;
  std::optional<std::int64_t> cpus;
};
struct Read {
  std::vector<Kept> rows;
  SacctFaults faults;
};
Read read(std::string_view text, SacctOptions options = {}) {
  Read out;
  out.faults = read_sacct(
      text, "log.txt",
      [&](const SacctRow& r) {
        out.rows.push_back({r.line, std::string(r.job_id), std::string(r.job_name), std::string(r.user),
                            std::string(r.partition), std::string(r.state), std::string(r.req_mem),
                            std::string(r.alloc_tres), r.elapsed, r.total_cpu, r.cpu_time, r.gpus, r.joules, r.cpus});
      },
      options);
  return out;
}
std::string message(std::string_view text, SacctOptions options = {}) {
  try {
    read(text, options);
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::bad_input);
    return e.what();
  }
  return "no error";
}

constexpr std::string_view header =
    "JobID|JobName|User|Elapsed|Partition|NCPUS|TotalCPU|CPUTime|ReqMem|MaxRSS|WorkDir|State|AllocTRES\n";
std::string log(std::string_view rows) { return std::string(header) + std::string(rows); }

// --- The little languages.
TEST(SlurmValues, Durations) {
  const std::pair<const char*, double> good[] = {
      {"00:00:00", 0},      {"04:00:25", 14425}, {"4-00:16:00", 346560},     {"100:00:00", 360000},
      {"00:00.508", 0.508}, {"00:00:00.5", 0.5}, {"59:59.999", 3599.999},    {"75:10", 4510},
      {"1-02", 93600},      {"1-02:03", 93780},  {"365-23:59:59", 31622399},
  };
  for (const auto& [text, seconds] : good) {
    ASSERT_TRUE(parse_slurm_duration(text)) << text;
    EXPECT_DOUBLE_EQ(*parse_slurm_duration(text), seconds) << text;
  }
  for (const char* bad :
       {"", "5", "-", "1-", "1-25:00:00", "00:60:00", "00:00:60", "1:2:3:4", "-1:00:00", "1e3:00", "aa:bb:cc",
        "00:00:", ":", "1.5:00:00", "00:00:1.2.3", "UNLIMITED", "0x10:00", "99999999999999999999:00"})
    EXPECT_FALSE(parse_slurm_duration(bad)) << bad;
}

TEST(SlurmValues, FractionsAreTenthsNotMilliseconds) {
  // The reference reads ".5" as 5 ms.
  EXPECT_DOUBLE_EQ(*parse_slurm_duration("00:10.5"), 10.5);
  EXPECT_DOUBLE_EQ(*parse_slurm_duration("00:10.05"), 10.05);
}

TEST(SlurmValues, Memory) {
  const auto gb = [](const char* text, char bare = 'M') {
    const auto m = parse_slurm_memory(text, bare);
    return m ? m->gigabytes : -1;
  };
  EXPECT_DOUBLE_EQ(gb("6760Mc"), 6.76);
  EXPECT_DOUBLE_EQ(gb("250Gn"), 250);
  EXPECT_DOUBLE_EQ(gb("1.5T"), 1500);
  EXPECT_DOUBLE_EQ(gb("18874368K"), 18.874368);
  EXPECT_DOUBLE_EQ(gb("4000"), 4);
  EXPECT_DOUBLE_EQ(gb("4000", 'K'), 0.004);
  EXPECT_DOUBLE_EQ(gb("0n"), 0);
  EXPECT_EQ(parse_slurm_memory("6760Mc")->per, 'c');
  EXPECT_EQ(parse_slurm_memory("250Gn")->per, 'n');
  EXPECT_EQ(parse_slurm_memory("64G")->per, 0);
  for (const char* bad : {"", "n", "c", "G", "-4G", "4Q", "4GG", "four", "4 G", ".", "1e5M", "4Gnn"})
    EXPECT_EQ(gb(bad), -1) << bad;
}

TEST(SlurmValues, Gpus) {
  EXPECT_EQ(parse_slurm_gpus("billing=32,cpu=32,gres/gpu=1,mem=250G,node=1"), 1);
  EXPECT_EQ(parse_slurm_gpus("billing=128,cpu=8,gres/gpu:a100=4,node=1"), 4);
  EXPECT_EQ(parse_slurm_gpus("gres/gpu:a100=2,gres/gpu:v100=1"), 3);
  EXPECT_EQ(parse_slurm_gpus("gres/gpu:a100=4,gres/gpu=4"), 4) << "the untyped count holds the typed ones";
  EXPECT_EQ(parse_slurm_gpus("gres/gpumem=80G,gres/gpuutil=97,gres/gpu=2"), 2);
  EXPECT_EQ(parse_slurm_gpus("billing=400,cpu=4"), 0) << "billing counts nothing";
  EXPECT_EQ(parse_slurm_gpus("gres/gpu="), 0);
  EXPECT_EQ(parse_slurm_gpus("gres/gpu=-1"), 0);
  EXPECT_EQ(parse_slurm_gpus(",,,=,gres/gpu"), 0);
  EXPECT_EQ(parse_slurm_gres("gpu:2"), 2);
  EXPECT_EQ(parse_slurm_gres("gpu:a100:2(IDX:0-1)"), 2);
  EXPECT_EQ(parse_slurm_gres("gres:gpu:1,craynetwork:4"), 1);
  EXPECT_EQ(parse_slurm_gres("gpu"), 1);
  EXPECT_EQ(parse_slurm_gres("gpumem:80"), 0);
  EXPECT_EQ(slurm_tres("billing=1,mem=250G,node=1", "mem"), "250G");
  EXPECT_FALSE(slurm_tres("gres/mem=1,memory=3", "mem"));
}

TEST(SlurmValues, StatesTimesCounts) {
  EXPECT_EQ(slurm_state("CANCELLED by 1003"), "CANCELLED");
  EXPECT_EQ(slurm_state("CANCELLED+"), "CANCELLED");
  EXPECT_EQ(slurm_state(""), "");
  EXPECT_EQ(to_string(*parse_slurm_time("2022-02-11T19:11:21")), "2022-02-11T19:11:21Z");
  for (const char* bad : {"", "Unknown", "None", "2022-99-11T19:11:21", "19:11:21", "2022"})
    EXPECT_FALSE(parse_slurm_time(bad)) << bad;
  EXPECT_EQ(parse_slurm_count("32"), 32);
  EXPECT_EQ(parse_slurm_count("1.5K"), 1500);
  for (const char* bad : {"", "K", "-3", "3x", "1e9", "999999999999999"}) EXPECT_FALSE(parse_slurm_count(bad)) << bad;
}

// --- Rows.
TEST(Sacct, ReadsARow) {
  const auto r =
      read(log("556141|myJob|ann|04:00:25|cpu|1|00:00:00|04:00:25|6760Mc||/job/"
               "path|TIMEOUT|billing=1,cpu=1,mem=6760M,node=1\n"));
  ASSERT_EQ(r.rows.size(), 1u);
  const Kept& k = r.rows[0];
  EXPECT_EQ(k.line, 2u);
  EXPECT_EQ(k.id, "556141");
  EXPECT_EQ(k.user, "ann");
  EXPECT_EQ(k.state, "TIMEOUT");
  EXPECT_EQ(k.req_mem, "6760Mc");
  EXPECT_DOUBLE_EQ(*k.elapsed, 14425);
  EXPECT_EQ(k.cpus, 1);
  EXPECT_FALSE(k.gpus);
  EXPECT_TRUE(r.faults.first.empty());
  EXPECT_TRUE(r.faults.missing_columns.empty());
}

TEST(Sacct, ColumnsInAnyOrderAnyCaseWithWidths) {
  const auto r = read("STATE|elapsed%20|NCPUS|jobid%30\nFAILED|00:10:00|4|7\n");
  ASSERT_EQ(r.rows.size(), 1u);
  EXPECT_EQ(r.rows[0].id, "7");
  EXPECT_EQ(r.rows[0].cpus, 4);
}

TEST(Sacct, OtherFormsOfTheSameLog) {
  const char* forms[] = {
      "JobID|Elapsed|NCPUS|State|\n7|00:10:00|4|FAILED|\n8|00:10:00|4|FAILED|\n",  // sacct -p
      "JobID\tElapsed\tNCPUS\tState\n7\t00:10:00\t4\tFAILED\n8\t00:10:00\t4\tFAILED\n",  // tabs
      "\xEF\xBB\xBFJobID;Elapsed;NCPUS;State\r\n7;00:10:00;4;FAILED\r\n\r\n8;00:10:00;4;FAILED",  // as saved elsewhere
      "JobID           Elapsed      NCPUS      State \n------------ ---------- ---------- ---------- \n"
      "7              00:10:00          4     FAILED \n8              00:10:00          4     FAILED \n",
      "JobIDRaw|ElapsedRaw|AllocTRES|State\n7|600|cpu=4,node=1|FAILED\n8|600|cpu=4|FAILED\n",
  };
  for (const char* text : forms) {
    const auto r = read(text);
    ASSERT_EQ(r.rows.size(), 2u) << text;
    EXPECT_EQ(r.rows[1].id, "8") << text;
    EXPECT_EQ(r.rows[1].state, "FAILED") << text;
    EXPECT_EQ(r.rows[1].cpus, 4) << text;
    EXPECT_DOUBLE_EQ(r.rows[1].elapsed.value_or(0), 600) << text;
    EXPECT_EQ(r.faults.truncated + r.faults.unreadable + r.faults.bad_values, 0u) << text;
  }
}

TEST(Sacct, FixedWidthSaysWhatItCut) {
  const auto r = read(
      "       JobID    JobName    Elapsed      State  AllocTRES \n"
      "------------ ---------- ---------- ---------- ---------- \n"
      "101           long_nam+   02:00:00 CANCELLED+ billing=3+ \n"
      "101.batch         batch   02:00:00  CANCELLED     cpu=16 \n"
      "12345678901+      batch   02:00:00  COMPLETED     cpu=16 \n");
  ASSERT_EQ(r.rows.size(), 2u);
  EXPECT_EQ(r.rows[0].state, "CANCELLED");
  EXPECT_EQ(r.rows[1].id, "101.batch");
  EXPECT_TRUE(r.faults.fixed_width);
  EXPECT_EQ(r.faults.cut_tres, 1u);
  EXPECT_EQ(r.faults.unreadable, 1u) << "a job id cut in its digits could be any job's";
}

TEST(Sacct, SeparatorsInsideNamesAndFolders) {
  const auto r =
      read(log("7|a|b||c|ann|00:10:00|cpu|4|00:00:00|00:40:00|4G||/home|x/y|COMPLETED|cpu=4\n"
               "8|a|ann|00:10:00|cpu|4|00:00:00|00:40:00|4G||/home/|/|COMPLETED|cpu=4\n"));
  ASSERT_EQ(r.rows.size(), 2u);
  EXPECT_EQ(r.rows[0].name, "a|b||c");
  EXPECT_EQ(r.rows[0].user, "ann");
  EXPECT_EQ(r.rows[0].partition, "cpu");
  EXPECT_EQ(r.rows[0].state, "COMPLETED");
  EXPECT_EQ(r.rows[1].tres, "cpu=4");
  EXPECT_EQ(r.faults.rejoined, 2u);
}

TEST(Sacct, UnicodeNames) {
  const auto r =
      read(log("7|Grüße \xf0\x9f\x8c\xb1|жанна|00:10:00|cpu|4|00:00:00|00:40:00|4G||/home|COMPLETED|cpu=4\n"
               "8|\xff\xfe|ann|00:10:00|cpu|4|00:00:00|00:40:00|4G||/home|COMPLETED|cpu=4\n"));
  ASSERT_EQ(r.rows.size(), 2u);
  EXPECT_EQ(r.rows[0].user, "жанна");
}

TEST(Sacct, BadLinesAreLeftOutAndNamed) {
  const auto r =
      read(log("7|a|ann|00:10:00|cpu|4|00:00:00|00:40:00|4G||/home|COMPLETED|cpu=4\n"
               "8|a|ann|00:10:0\n"  // cut off
               "slurm: error: cannot reach the database\n"
               "9|a|ann|soon|cpu|four|00:00:00|00:40:00|4G||/home|COMPLETED|cpu=4\n"  // values
               "x|a|ann|00:10:00|cpu|4|00:00:00|00:40:00|4G||/home|COMPLETED|cpu=4\n"  // no id
               "7|a|ann|00:10:00|cpu|4|00:00:00|00:40:00|4G||/home|COMPLETED|cpu=4|a|b|c/\n"));
  EXPECT_EQ(r.rows.size(), 2u);
  EXPECT_EQ(r.faults.lines, 6u);
  EXPECT_EQ(r.faults.truncated, 2u);
  EXPECT_EQ(r.faults.unreadable, 2u);
  EXPECT_EQ(r.faults.bad_values, 2u);
  EXPECT_FALSE(r.rows[1].elapsed);
  std::vector<std::uint64_t> lines;
  for (const auto& f : r.faults.first) lines.push_back(f.line);
  EXPECT_THAT(lines, ElementsAre(3, 4, 5, 5, 6, 7));
  EXPECT_EQ(r.faults.first[0].what, "4 of 13 columns: left out");
}

TEST(Sacct, StrictRefusesTheFirstBadLine) {
  const std::string text = log("7|a|ann|00:10:00|cpu|4|00:00:00|00:40:00|4G||/home|COMPLETED|cpu=4\n8|a|ann\n");
  EXPECT_THAT(message(text, {.strict = true}), testing::AllOf(HasSubstr("log.txt:3"), HasSubstr("3 of 13 columns")));
}

TEST(Sacct, SeveralLogsInOne) {
  const auto r = read("JobID|Elapsed|NCPUS\n1|00:10:00|2\nNCPUS|State|JobID|Elapsed\n4|FAILED|2|00:20:00\n");
  ASSERT_EQ(r.rows.size(), 2u);
  EXPECT_EQ(r.rows[1].cpus, 4);
  EXPECT_EQ(r.rows[1].state, "FAILED");
}

TEST(Sacct, OlderColumns) {
  const auto r = read(
      "JobID|Elapsed|AllocCPUS|AllocGRES|ConsumedEnergyRaw\n1|00:10:00|2|gpu:a100:4|123456\n"
      "2|00:10:00|2||18446744073709551614\n");
  EXPECT_EQ(r.rows[0].gpus, 4);
  EXPECT_EQ(r.rows[0].joules, 123456);
  EXPECT_FALSE(r.rows[1].joules) << "Slurm writes the largest number for 'not known'";
  EXPECT_EQ(r.faults.bad_values, 1u);
}

TEST(Sacct, MissingColumnsAreNamed) {
  const auto r = read("JobID|Elapsed|NCPUS\n1|00:10:00|2\n");
  EXPECT_THAT(r.faults.missing_columns, testing::IsSupersetOf({"State", "ReqMem", "AllocTRES", "TotalCPU"}));
  EXPECT_THAT(message("JobID|State|NCPUS\n1|COMPLETED|2\n"),
              testing::AllOf(HasSubstr("Elapsed"), HasSubstr("--format=")));
  EXPECT_THAT(message("JobID|Elapsed|State\n1|00:10:00|COMPLETED\n"),
              testing::AllOf(HasSubstr("NCPUS"), HasSubstr("--format=")));
}

TEST(Sacct, WhatIsNoLog) {
  EXPECT_THAT(message(""), HasSubstr("empty"));
  EXPECT_THAT(message("\n \n\r\n"), HasSubstr("empty"));
  EXPECT_THAT(message("hello\n"), testing::AllOf(HasSubstr("header"), HasSubstr("log.txt:1"), HasSubstr("--format=")));
  EXPECT_THAT(message("556141|job|00:10:00\n"), HasSubstr("header"));
  EXPECT_THAT(message("JobID Elapsed NCPUS\n7 00:10:00 4\n"), HasSubstr("dashes"));
  EXPECT_THAT(message("JobID Elapsed NCPUS\n"), HasSubstr("ends after a header"));
  EXPECT_THAT(message("JobID Elapsed NCPUS\n--- ------- -----\n7 00:10:00 4\n"), HasSubstr("no column JobID"));
  EXPECT_THAT(message(std::string("\0\0\0\0", 4)), HasSubstr("header"));
}

TEST(Sacct, ALineMadeToHaveEndlessSplitsIsGivenUp) {
  std::string text = "JobID|JobName|Comment|WorkDir|SubmitLine|AdminComment|Elapsed|NCPUS\n1|";
  text += std::string(20'000, '|') + "|x|y\n2|a|b|/|d|e|00:10:00|4\n";
  const auto r = read(text);
  ASSERT_EQ(r.rows.size(), 1u);
  EXPECT_EQ(r.rows[0].id, "2");
}

}  // namespace
}  // namespace wattline::ledger
