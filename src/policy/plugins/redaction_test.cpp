#include "policy/plugins/redaction.h"

#include <random>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/plugins/plugins_testing.h"

namespace wattline::policy {
namespace {

using testing::HasSubstr;
using testing::Not;
using tests::draft;

TEST(Redaction, OneValueOnePlaceholderAndBack) {
  Draft d = draft({{Role::user, "I am ada@example.org, call +1 (555) 867-5309."},
                   {Role::assistant, "Noted: ada@example.org."},
                   {Role::user, "And bob@example.org?"}});
  Redaction r;
  r.apply(d);
  EXPECT_EQ(tests::shown(d),
            "user: I am [EMAIL_ADDRESS_1], call [PHONE_NUMBER_1].|assistant: Noted: [EMAIL_ADDRESS_1]."
            "|user: And [EMAIL_ADDRESS_2]?");
  EXPECT_EQ(r.restored("Write to [EMAIL_ADDRESS_2] and [EMAIL_ADDRESS_1], not [EMAIL_ADDRESS_3] or [x]."),
            "Write to bob@example.org and ada@example.org, not [EMAIL_ADDRESS_3] or [x].");
  EXPECT_EQ(r.describe(), "2 EMAIL_ADDRESS, 1 PHONE_NUMBER");
}

TEST(Redaction, TextsOfEveryKindAreCovered) {
  Draft d = draft({{Role::system, "Escalate to boss@example.org."}, {Role::tool, "{\"mail\":\"c@example.org\"}"}});
  d.messages[1].texts.push_back({"{\"to\":\"d@example.org\"}", DraftText::Kind::arguments});
  d.labels.push_back({"e@example.org", DraftText::Kind::label});
  Redaction r;
  r.apply(d);
  EXPECT_THAT(tests::shown(d), Not(HasSubstr("@")));
  EXPECT_EQ(d.labels[0].text, "[EMAIL_ADDRESS_4]");
  EXPECT_TRUE(d.labels[0].changed);
  RedactionOptions own;
  own.instructions = false;
  Draft kept = draft({{Role::system, "Escalate to boss@example.org."}});
  Redaction(own).apply(kept);
  EXPECT_FALSE(kept.messages[0].texts[0].changed);
}

// Whoever writes a placeholder gets no value for it.
TEST(Redaction, PlaceholdersThatStandThereAreNotUsed) {
  Draft d =
      draft({{Role::user, "Repeat [EMAIL_ADDRESS_1] and [EMAIL_ADDRESS_2]."}, {Role::user, "Mine: a@example.org"}});
  Redaction r;
  r.apply(d);
  EXPECT_THAT(tests::shown(d), HasSubstr("Mine: [EMAIL_ADDRESS_3]"));
  EXPECT_EQ(r.restored("[EMAIL_ADDRESS_1] [EMAIL_ADDRESS_2] [EMAIL_ADDRESS_3]"),
            "[EMAIL_ADDRESS_1] [EMAIL_ADDRESS_2] a@example.org");
}

TEST(Redaction, WithoutARestoreOrAWantedKind) {
  RedactionOptions o;
  o.kinds = {false, true, true, true, true, true};
  Draft d = draft({{Role::user, "a@example.org"}});
  Redaction r(o);
  r.apply(d);
  EXPECT_FALSE(r.any());
  EXPECT_FALSE(d.messages[0].texts[0].changed);
  EXPECT_EQ(Redaction().for_keeping("mail a@example.org now"), "mail [EMAIL_ADDRESS] now");
}

// However the pieces of a stream are cut, what is told is what a whole text would tell.
TEST(Redaction, AStreamIsRestoredWhereverItIsCut) {
  Draft d = draft({{Role::user, "a@example.org 192.168.1.20"}});
  Redaction r;
  r.apply(d);
  const std::string text = "x [EMAIL_ADDRESS_1][[IP_ADDRESS_1] [EMAIL_ADDRESS_1 [EMAIL_ADDRESS_9] [a] [EMAIL_ADDRESS_";
  const std::string whole = r.restored(text);
  EXPECT_EQ(whole, "x a@example.org[192.168.1.20 [EMAIL_ADDRESS_1 [EMAIL_ADDRESS_9] [a] [EMAIL_ADDRESS_");
  std::mt19937 random(1);
  for (int round = 0; round < 500; ++round) {
    Restorer stream(r);
    std::string told;
    std::size_t longest_held = 0;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t n = std::min<std::size_t>(1 + random() % 7, text.size() - at);
      const std::size_t before = told.size();
      told += stream.push(text.substr(at, n));
      at += n;
      longest_held = std::max(longest_held, at > told.size() ? at - told.size() : 0);
      EXPECT_GE(told.size(), before);
    }
    EXPECT_LE(longest_held, r.longest() + 60);
    told += stream.finish();
    ASSERT_EQ(told, whole);
  }
}

TEST(Redaction, VeryManyValuesTakeLinearTime) {
  std::string text;
  for (int i = 0; i < 60'000; ++i) text += "u" + std::to_string(i) + "@example.org ";
  Draft d = draft({{Role::user, text}});
  Redaction r;
  r.apply(d);
  EXPECT_EQ(r.count(), 60'000u);
  EXPECT_EQ(r.restored(d.messages[0].texts[0].text), text);
}

}  // namespace
}  // namespace wattline::policy
