#include "kernel/error.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wattline {
namespace {

const std::vector<std::string> places = {"France", "Germany", "Finland", "United Kingdom", "World"};

TEST(Error, TellsWhereWhatAndMend) {
  const Error e(ErrorKind::bad_input, "'x' is no number", "jobs.csv:3", "use digits");
  EXPECT_STREQ(e.what(), "jobs.csv:3: 'x' is no number (use digits)");
  EXPECT_EQ(e.at("import").where(), "import: jobs.csv:3");
}

TEST(Nearest, FindsMisspellingsAndPieces) {
  EXPECT_EQ(nearest("Frnce", places)[0], "France");
  EXPECT_EQ(nearest("kingdom", places)[0], "United Kingdom");
  EXPECT_EQ(nearest("finlnad", places)[0], "Finland");
  const std::vector<std::string> cards = {"NVIDIA H200", "NVIDIA H100 PCIe", "NVIDIA H100 SXM"};
  EXPECT_THAT(nearest("nvidia h100", cards),
              testing::ElementsAre("NVIDIA H100 PCIe", "NVIDIA H100 SXM", "NVIDIA H200"));
  EXPECT_THAT(nearest("frobnicate", cards), testing::IsEmpty());
  EXPECT_THAT(nearest("zzzzzz", places), testing::IsEmpty());
  EXPECT_THAT(nearest("", places), testing::IsEmpty());
  EXPECT_NO_THROW(nearest(std::string(1 << 20, 'x'), places));
}

TEST(UnknownName, Suggests) {
  EXPECT_EQ(unknown_name("place", "Frnce", places, "wattline catalog places").message(),
            "unknown place 'Frnce'; did you mean 'France'?");
}

TEST(ExitCode, FollowsTheKind) {
  EXPECT_EQ(exit_code(ErrorKind::bad_input), 2);
  EXPECT_EQ(exit_code(ErrorKind::world), 3);
  EXPECT_EQ(exit_code(ErrorKind::cancelled), 130);
}

}  // namespace
}  // namespace wattline
