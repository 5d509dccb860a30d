#include "policy/plugins/context_compression.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/plugins/kept_context.h"
#include "policy/plugins/plugins_testing.h"

namespace wattline::policy {
namespace {

using testing::HasSubstr;
using testing::Not;
using tests::draft;

std::string log_lines(int n, int odd = -1, std::string_view what = "ERROR database connection refused on port 5432") {
  std::string out;
  for (int i = 0; i < n; ++i)
    out += i == odd ? std::string(what) + "\n" : fmt::format("line {} INFO request served well in {} ms\n", i, i % 9);
  return out;
}

std::string story(int n) {
  std::string out;
  for (int i = 0; i < n; ++i) out += i % 2 ? "Then nothing of note came to pass. " : "At the mill all was quiet. ";
  return out;
}

struct Store {
  std::vector<std::string> kept;
  ContextCompression::Keep keep = [this](std::string_view t) {
    kept.emplace_back(t);
    return fmt::format("ctx-{}", kept.size());
  };
};

TEST(ContextCompression, KeepsWhatTheQuestionIsAbout) {
  const std::string text = log_lines(400, 231);
  const std::string shorter = shortened(text, "Why was the database connection refused?", 200);
  EXPECT_LE(shorter.size(), 830u);
  EXPECT_THAT(shorter, HasSubstr("database connection refused"));
  EXPECT_THAT(shorter, HasSubstr("line 0 "));
  EXPECT_THAT(shorter, HasSubstr("line 399 "));
  EXPECT_THAT(shorter, HasSubstr("[...]"));
  EXPECT_EQ(shortened("short", "x", 100), "");
}

// Every message of the conversation stays, and those that must not change do not.
TEST(ContextCompression, LeavesOutPiecesAndNeverMessages) {
  Draft d = draft({{Role::system, log_lines(400)},
                   {Role::user, story(400) + "\nWhat does this say?"},
                   {Role::assistant, ""},
                   {Role::tool, log_lines(400, 100)},
                   {Role::assistant, log_lines(400)},
                   {Role::user, story(400) + "\nWhy was the connection refused?"},
                   {Role::assistant, ""},
                   {Role::tool, log_lines(400, 50)}});
  d.messages[2].calls_tools = d.messages[6].calls_tools = true;
  d.messages[6].texts.push_back({"{\"query\":\"" + std::string(9000, 'x') + "\"}", DraftText::Kind::arguments});
  const Draft before = d;
  ContextCompression c;
  c.history = {true, 200, 100};
  Store store;
  const auto done = c.apply(d, store.keep);
  ASSERT_EQ(d.messages.size(), before.messages.size());
  for (const auto& m : d.messages) EXPECT_FALSE(m.dropped);
  const auto same = [&](std::size_t i) { return !d.messages[i].texts[0].changed; };
  EXPECT_TRUE(same(0)) << "the system prompt";
  EXPECT_TRUE(same(5)) << "the user's last message";
  EXPECT_FALSE(d.messages[6].texts[1].changed) << "arguments of a call";
  EXPECT_FALSE(same(3));
  EXPECT_FALSE(same(7));
  EXPECT_EQ(done.messages, 4u);
  EXPECT_EQ(done.ids.size(), 4u);
  EXPECT_LT(done.tokens_after * 3, done.tokens_before);
  EXPECT_THAT(d.messages[7].texts[0].text, HasSubstr("connection refused"));
  // All of it can be had again.
  for (std::size_t i = 0; i < done.ids.size(); ++i) {
    std::size_t found = 0;
    for (std::size_t m = 0; m < d.messages.size(); ++m)
      if (d.messages[m].texts[0].text.find(done.ids[i] + "]") != std::string::npos) {
        EXPECT_EQ(store.kept[i], before.messages[m].texts[0].text);
        ++found;
      }
    EXPECT_EQ(found, 1u);
  }
}

// A later turn of the conversation repeats the same short form, so that a cached prefix stays good.
TEST(ContextCompression, AMessageIsShortenedTheSameWayInEveryTurn) {
  Draft first = draft({{Role::user, "Why was the connection refused?"}, {Role::tool, log_lines(400, 50)}});
  Draft later = draft({{Role::user, "Why was the connection refused?"},
                       {Role::tool, log_lines(400, 50)},
                       {Role::assistant, "The port was closed."},
                       {Role::user, "And what was served in 7 ms?"}});
  const auto keep = [](std::string_view) { return std::string("ctx-1"); };
  ContextCompression().apply(first, keep);
  ContextCompression().apply(later, keep);
  EXPECT_TRUE(first.messages[1].texts[0].changed);
  EXPECT_EQ(first.messages[1].texts[0].text, later.messages[1].texts[0].text);
}

TEST(ContextCompression, WhatCannotBeKeptStaysWhole) {
  const auto tool = [](std::string question) {
    return draft({{Role::user, std::move(question)}, {Role::tool, log_lines(400, 50)}});
  };
  ContextCompression c;
  Draft d = tool("Why?");
  auto done = c.apply(d, [](std::string_view) { return std::string(); });
  EXPECT_FALSE(d.messages[1].texts[0].changed);
  EXPECT_EQ(done.guarded, 1u);
  c.max_bytes = 100;
  Store store;
  done = c.apply(d, store.keep);
  EXPECT_EQ(done.guarded, 1u);
  EXPECT_TRUE(store.kept.empty());
  // The guard: a question of which every word stands in another line.
  std::string spread, question;
  for (int i = 0; i < 300; ++i) {
    spread += fmt::format("entry word{} {}\n", i, std::string(40, 'y'));
    question += fmt::format("word{} ", i);
  }
  Draft wide = draft({{Role::user, question}, {Role::tool, spread}});
  done = ContextCompression().apply(wide, store.keep);
  EXPECT_EQ(done.guarded, 1u);
  EXPECT_FALSE(wide.messages[1].texts[0].changed);
  // Nothing to be found by: nobody asked.
  Draft alone = draft({{Role::tool, log_lines(400)}});
  EXPECT_EQ(ContextCompression().apply(alone, store.keep).messages, 0u);
}

TEST(KeptContext, GivesBackToItsOwnerForItsTime) {
  KeptContext kept({1000});
  const Time t{1'000'000'000'000};
  EXPECT_TRUE(kept.keep("a", "ada", "whole text", t, Duration(60)));
  EXPECT_EQ(kept.find("ada", "a", t), "whole text");
  EXPECT_FALSE(kept.find("bob", "a", t));
  EXPECT_FALSE(kept.find("ada", "b", t));
  EXPECT_FALSE(kept.find("ada", "a", t + Duration(61)));
  // The same again lasts longer.
  EXPECT_TRUE(kept.keep("a", "ada", "whole text", t + Duration(30), Duration(60)));
  EXPECT_TRUE(kept.find("ada", "a", t + Duration(61)));
  EXPECT_EQ(kept.bytes(), 10u);
  EXPECT_FALSE(kept.keep("big", "ada", std::string(1001, 'x'), t, Duration(60)));
  for (int i = 0; i < 100; ++i) kept.keep(std::to_string(i), "ada", std::string(100, 'x'), t, Duration(60));
  EXPECT_LE(kept.bytes(), 1000u);
  EXPECT_FALSE(kept.find("ada", "a", t)) << "the oldest goes first";
  EXPECT_TRUE(kept.find("ada", "99", t));
  EXPECT_EQ(kept.forget("bob"), 0u);
  EXPECT_EQ(kept.forget("ada"), 10u);
  EXPECT_EQ(kept.bytes(), 0u);
}

}  // namespace
}  // namespace wattline::policy
