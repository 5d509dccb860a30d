#include "serve/asked.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

constexpr Endpoint all[] = {Endpoint::chat, Endpoint::completions, Endpoint::embeddings, Endpoint::responses,
                            Endpoint::messages};

Asked asked_at(Endpoint e) {
  Asked a;
  a.endpoint = e;
  a.dialect = dialect_of(e);
  // Only upstreams of their own take these.
  if (e == Endpoint::completions || e == Endpoint::embeddings) a.no_chat = ApiError{};
  return a;
}
const Asked* question(const Asked& a) { return a.endpoint == Endpoint::chat ? nullptr : &a; }

TEST(Asked, WhatAnUpstreamServesItGetsAsItWasAsked) {
  for (const Endpoint e : all) {
    const Asked a = asked_at(e);
    const auto c = carriage_of(question(a), Endpoints().add(Endpoint::chat).add(Endpoint::messages).add(e));
    ASSERT_TRUE(c) << to_string(e);
    EXPECT_EQ(c->wire, e);
    EXPECT_TRUE(c->as_asked);
    EXPECT_EQ(c->dialect, nullptr);
  }
}

TEST(Asked, OtherwiseItIsTranslatedWhereThatCanBe) {
  const auto chat = Endpoints().add(Endpoint::chat), messages = Endpoints().add(Endpoint::messages),
             embeddings = Endpoints().add(Endpoint::embeddings);
  for (const Endpoint e : all) {
    const Asked a = asked_at(e);
    const bool translates = !a.no_chat;
    if (e != Endpoint::chat) {
      const auto to_chat = carriage_of(question(a), chat);
      ASSERT_EQ(to_chat.has_value(), translates) << to_string(e);
      if (to_chat) {
        EXPECT_TRUE(to_chat->wire == Endpoint::chat && !to_chat->as_asked && !to_chat->dialect);
      }
    }
    if (e != Endpoint::messages) {
      const auto to_messages = carriage_of(question(a), messages);
      ASSERT_EQ(to_messages.has_value(), translates) << to_string(e);
      if (to_messages) {
        EXPECT_TRUE(to_messages->wire == Endpoint::messages && !to_messages->as_asked &&
                    to_messages->dialect == &anthropic_upstream());
      }
    }
    if (e != Endpoint::embeddings) {
      EXPECT_FALSE(carriage_of(question(a), embeddings)) << to_string(e);
    }
  }
}

TEST(Asked, WhyNotIsSaid) {
  const auto served = Endpoints().add(Endpoint::completions).add(Endpoint::embeddings);
  const auto e = cannot_carry(nullptr, "m", served);
  EXPECT_EQ(e.status, 400);
  EXPECT_EQ(e.param, "model");
  EXPECT_THAT(e.message, ::testing::AllOf(::testing::HasSubstr("'m'"), ::testing::HasSubstr("/v1/chat/completions"),
                                          ::testing::HasSubstr("/v1/completions, /v1/embeddings")));
  Asked a = asked_at(Endpoint::messages);
  a.no_chat = invalid_request("'tools[0].type' ...", "tools[0].type");
  EXPECT_FALSE(carriage_of(&a, Endpoints().add(Endpoint::chat)));
  EXPECT_EQ(cannot_carry(&a, "m", Endpoints().add(Endpoint::chat)).param, "tools[0].type");
}

TEST(Asked, PathsAreThoseOfTheReference) {
  for (const Endpoint e : all) EXPECT_EQ(endpoint_at("/v1" + std::string(path_of(e))), e);
  for (const char* path :
       {"", "/v1/", "/v1/messages/", "/v1/Messages", "/messages", "/v1/messages/count_tokens", "/v2/messages"})
    EXPECT_FALSE(endpoint_at(path)) << path;
}

TEST(Asked, TheLimitIsRenamedWhereItIsTheMemberAlone) {
  EXPECT_EQ(with_completion_limit(R"({"model":"\"max_tokens\":1","max_tokens":64,"stream":true})"),
            R"({"model":"\"max_tokens\":1","max_completion_tokens":64,"stream":true})");
  EXPECT_EQ(with_completion_limit(R"({"model":"m","x":{"max_tokens":1}})"), "");
  EXPECT_EQ(with_completion_limit("{}"), "");
}

}  // namespace
}  // namespace wattline::serve
