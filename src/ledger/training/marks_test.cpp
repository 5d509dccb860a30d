#include "ledger/training/marks.h"

#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::ledger::training {
namespace {

TEST(Marks, SpansEpochsAndPhases) {
  const auto marks = read_marks(
      "time,epoch,phase\n100,1,train\n130,1,validate\n140,2,train\n180,2,validate\n190,,\n200,3,train\n", "marks.csv");
  const auto epochs = epochs_of(marks, Time{110'000'000'000}, Time{250'000'000'000});
  ASSERT_EQ(epochs.size(), 3u);
  EXPECT_EQ(epochs[0].name, "1");
  EXPECT_FALSE(epochs[0].whole) << "it began before the log";
  EXPECT_TRUE(epochs[1].whole);
  EXPECT_FALSE(epochs[2].whole) << "nothing says that it ended";
  EXPECT_DOUBLE_EQ((epochs[0].spans[0].end - epochs[0].spans[0].begin).base(), 20);
  EXPECT_EQ(epochs[1].spans.size(), 2u);
  const auto phases = phases_of(marks, Time{0}, Time{250'000'000'000});
  ASSERT_EQ(phases.size(), 2u);
  EXPECT_EQ(phases[0].spans.size(), 3u);
  EXPECT_TRUE(epochs_of(marks, Time{0}, Time{50'000'000'000}).empty()) << "none lies within";
}

TEST(Marks, BadFilesAreErrorsThatSayWhere) {
  const auto message = [](const std::string& text) -> std::string {
    try {
      read_marks(text, "marks.csv");
    } catch (const Error& e) {
      return e.what();
    }
    return "none";
  };
  EXPECT_NE(message("").find("no mark"), std::string::npos);
  EXPECT_NE(message("when,epoch\n1,1\n").find("'time' and 'epoch'"), std::string::npos);
  EXPECT_NE(message("time,epoch\n1,1\nsoon,2\n").find("marks.csv:3"), std::string::npos);
  EXPECT_NE(message("time,epoch\n1,1\nsoon,2\n").find("'soon'"), std::string::npos);
  EXPECT_NE(message("time,epoch\n2,1\n2,2\n").find("not after"), std::string::npos);
  EXPECT_NE(message("time,epoch\n2,1,x\n").find("3 cells"), std::string::npos);
  EXPECT_NE(message("time,epoch\n2,\n").find("no mark has an epoch"), std::string::npos);
  EXPECT_NE(message("time,epoch\n2," + std::string(101, 'a') + "\n").find("101 bytes"), std::string::npos);
  EXPECT_EQ(message("timestamp;epoch\r\n2026/03/09 01:30:00.000;1\r\n"), "none");
}

}  // namespace
}  // namespace wattline::ledger::training
