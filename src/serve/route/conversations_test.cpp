#include "serve/route/conversations.h"

#include <gtest/gtest.h>

namespace wattline::serve::tests {
namespace {

using policy::Message;
using policy::Role;

constexpr std::int64_t second = 1'000'000'000;

std::uint64_t id_of(std::vector<Message> messages, std::string_view tenant = "", std::string_view session = "") {
  policy::RequestView r;
  r.messages = messages;
  r.tenant = tenant;
  r.session = session;
  return Conversations::id_of(r);
}

TEST(Conversations, LaterTurnsBeginAsTheFirst) {
  const Message system{Role::system, "Be brief."}, first{Role::user, "What is a watt?"};
  const auto id = id_of({system, first});
  EXPECT_EQ(id, id_of({system, first, {Role::assistant, "A joule a second."}, {Role::user, "And a joule?"}}));
  EXPECT_NE(id, id_of({first}));
  EXPECT_NE(id, id_of({system, {Role::user, "What is a volt?"}}));
  // Where one text ends and the next begins counts.
  EXPECT_NE(id_of({{Role::system, "ab"}, {Role::user, "c"}}), id_of({{Role::system, "a"}, {Role::user, "bc"}}));
}

TEST(Conversations, AreOfOneTenantAndOfTheIdTheirClientGives) {
  const Message first{Role::user, "What is a watt?"};
  EXPECT_NE(id_of({first}, "red"), id_of({first}, "blue"));
  EXPECT_NE(id_of({first}, "red", "17"), id_of({first}, "red"));
  EXPECT_EQ(id_of({first}, "red", "17"), id_of({{Role::user, "Other words"}}, "red", "17"));
  EXPECT_NE(id_of({first}, "red", "17"), id_of({first}, "blue", "17"));
}

TEST(Conversations, RememberWhoAnsweredAndHowOftenThatChanged) {
  Conversations c;
  EXPECT_EQ(c.find(7, 0).candidate, -1);
  c.given_to(7, 2, 10 * second);
  c.given_to(7, 2, 11 * second);
  auto seen = c.find(7, 15 * second);
  EXPECT_EQ(seen.candidate, 2);
  EXPECT_EQ(seen.switches, 0);
  EXPECT_DOUBLE_EQ(seen.idle, 4);
  c.given_to(7, 1, 16 * second);
  seen = c.find(7, 10 * second);  // a clock that went back
  EXPECT_EQ(seen.candidate, 1);
  EXPECT_EQ(seen.switches, 1);
  EXPECT_EQ(seen.idle, 0);
}

TEST(Conversations, AreBoundedAndTheLongestSilentGoes) {
  Conversations c(16);  // one a shard
  constexpr std::uint64_t same_shard = std::uint64_t{16} << 32;
  c.given_to(1, 0, 0);
  c.given_to(1 + same_shard, 1, 0);
  EXPECT_EQ(c.find(1, 0).candidate, -1);
  EXPECT_EQ(c.find(1 + same_shard, 0).candidate, 1);
  for (std::uint64_t i = 0; i < 100'000; ++i) c.given_to(i * 0x9e3779b97f4a7c15, 0, 0);
  int left = 0;
  for (std::uint64_t i = 0; i < 100'000; ++i) left += c.find(i * 0x9e3779b97f4a7c15, 0).candidate == 0;
  EXPECT_EQ(left, 16);
}

}  // namespace
}  // namespace wattline::serve::tests
