#include "app/docs.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "app/environment.h"
#include "app/papers.h"
#include "app/rooms.h"
#include "kernel/testing.h"

namespace wattline::app {
namespace {

TEST(Docs, AreWhatTheDeclarationsSay) {
  tests::ScratchDir scratch;
  Context context;
  provide_shared_parts(context, "", scratch.path().string());
  const std::filesystem::path docs = std::filesystem::path(WATTLINE_SOURCE_DIR) / "docs";
  std::set<std::string> expected;
  for (const auto& [name, content] : reference_pages(context, rooms(), reference_index)) {
    std::ifstream file(docs / name, std::ios::binary);
    const std::string found((std::istreambuf_iterator<char>(file)), {});
    EXPECT_TRUE(found == content) << name << " is stale: run ./dev docs";
    expected.insert(name);
  }
  for (const auto& entry : std::filesystem::directory_iterator(docs / "reference"))
    // Those of wattline-learn are checked by that program (test learn.docs).
    EXPECT_TRUE(expected.contains("reference/" + entry.path().filename().string()) ||
                entry.path().filename().string().starts_with("learn"))
        << entry.path().filename() << " belongs to no capability: remove it";
}

TEST(Papers, AllFortyEightHaveARow) {
  ASSERT_EQ(papers().size(), 48u);
  for (std::size_t i = 0; i < 48; ++i) {
    EXPECT_EQ(papers()[i].number, static_cast<int>(i) + 1);
    EXPECT_FALSE(papers()[i].title.empty());
    EXPECT_TRUE(papers()[i].command.starts_with("wattline ")) << papers()[i].command;
    EXPECT_FALSE(papers()[i].claimed.empty());
  }
}

// A claim is recomputed, and what is said to hold does.
TEST(Papers, ClaimsNameAPaperAndAreChecked) {
  tests::ScratchDir scratch;
  Context context;
  provide_shared_parts(context, "", scratch.path().string());
  ASSERT_FALSE(claims().empty());
  for (const auto& claim : claims()) {
    EXPECT_GE(claim.paper, 1);
    EXPECT_LE(claim.paper, 48);
    const ClaimCheck check = claim.check(context);
    EXPECT_NE(check.verdict, ClaimVerdict::open) << claim.claimed;
    // Where there is no figure of ours, the reason stands in its place.
    EXPECT_FALSE(check.verdict == ClaimVerdict::not_reproducible ? check.note.empty() : check.ours.empty())
        << claim.claimed;
  }
}

}  // namespace
}  // namespace wattline::app
