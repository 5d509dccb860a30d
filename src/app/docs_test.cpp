#include "app/docs.h"

#include <filesystem>
#include <fstream>
#include <set>

#include <gtest/gtest.h>

#include "app/environment.h"
#include "app/papers.h"
#include "app/rooms.h"
#include "kernel/testing.h"
#include "policy/directions.h"

namespace wattline::app {
namespace {

TEST(Docs, AreWhatTheDeclarationsSay) {
  tests::ScratchDir scratch;
  Context context;
  provide_shared_parts(context, "", scratch.path().string());
  const std::filesystem::path docs = std::filesystem::path(wattline::tests::source_dir) / "docs";
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
    // What is open says what of it is.
    if (check.verdict == ClaimVerdict::open) {
      EXPECT_FALSE(check.note.empty()) << claim.claimed;
      continue;
    }
    // Where there is no figure of ours, the reason stands in its place.
    EXPECT_FALSE(check.verdict == ClaimVerdict::not_reproducible ? check.note.empty() : check.ours.empty())
        << claim.claimed;
  }
}

// The map of paper 1 names commands that are there.
TEST(Papers, WhatServesADirectionIsThere) {
  for (const auto& d : policy::directions())
    for (std::string_view served : d.served) {
      if (!served.starts_with("wattline ") || served.starts_with("wattline learn ")) continue;
      served.remove_prefix(9);
      const auto space = served.find(' ');
      if (space == std::string_view::npos)
        EXPECT_TRUE(find_alias(rooms(), served) || is_room(rooms(), served)) << served;
      else EXPECT_TRUE(find_capability(rooms(), served.substr(0, space), served.substr(space + 1))) << served;
    }
}

}  // namespace
}  // namespace wattline::app
