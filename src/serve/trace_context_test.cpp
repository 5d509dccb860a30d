#include "serve/trace_context.h"

#include <random>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

constexpr std::string_view good = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, ReadsAndWritesTheHeader) {
  const auto c = parse_traceparent(good);
  ASSERT_TRUE(c);
  EXPECT_EQ(c->trace[0], 0x4b);
  EXPECT_EQ(c->span[7], 0xb7);
  EXPECT_TRUE(c->sampled);
  std::string out;
  append_traceparent(out, *c);
  EXPECT_EQ(out, good);
  EXPECT_FALSE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")->sampled);
  EXPECT_TRUE(parse_traceparent("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-ff")->sampled);
  // A later version may say more.
  EXPECT_TRUE(parse_traceparent("01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more"));
  EXPECT_TRUE(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"));
}

TEST(TraceContext, RefusesOtherForms) {
  for (const char* bad : {"", "00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                          "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                          "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                          "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                          "01-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01more",
                          "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e473g-00f067aa0ba902b7-01",
                          "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-x1"})
    EXPECT_FALSE(parse_traceparent(bad)) << bad;
}

TEST(TraceContext, TakesOnlyHarmlessRequestIds) {
  for (const char* id : {"a", "7f3c-11", "req_Az09.:/+=@~-", "01HZX3"}) EXPECT_TRUE(sane_request_id(id)) << id;
  for (const char* id : {"", "a b", "a\r\nx: y", "\"", "a,b", "<script>", "\xc3\xa9", "a\t", "a;b", "{}", "%0a"})
    EXPECT_FALSE(sane_request_id(id)) << id;
  EXPECT_TRUE(sane_request_id(std::string(128, 'a')));
  EXPECT_FALSE(sane_request_id(std::string(129, 'a')));
}

TEST(TraceContext, SamplesItsShare) {
  std::mt19937 random(3);
  int taken = 0;
  for (int i = 0; i < 10'000; ++i) {
    TraceContext c;
    for (auto& b : c.trace) b = static_cast<std::uint8_t>(random());
    taken += in_sample(c.trace, 0.25) ? 1 : 0;
    EXPECT_TRUE(in_sample(c.trace, 1));
    EXPECT_FALSE(in_sample(c.trace, 0));
  }
  EXPECT_NEAR(taken, 2500, 200);
}

}  // namespace
}  // namespace wattline::serve
