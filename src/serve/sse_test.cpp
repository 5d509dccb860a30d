#include "serve/sse.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

struct Copied {
  std::string raw, name, data;
  bool has_data;
  bool operator==(const Copied&) const = default;
};

std::vector<Copied> events_of(std::string_view stream, std::size_t step, std::string* rest = nullptr) {
  SseParser parser;
  std::vector<Copied> out;
  for (std::size_t i = 0; i < stream.size(); i += step) {
    EXPECT_TRUE(parser.push(stream.substr(i, step)));
    while (auto e = parser.next())
      out.push_back({std::string(e->raw), std::string(e->name), std::string(e->data), e->has_data});
  }
  if (rest) *rest = parser.rest();
  return out;
}

constexpr std::string_view sample =
    "data: {\"a\":1}\n\n"
    ": keep-alive\n\n"
    "event: answer\r\ndata:one\r\ndata: two\r\nid: 7\r\n\r\n"
    "data\n\n"
    "data: [DONE]\n\n";

TEST(Sse, TakesEventsApart) {
  const auto events = events_of(sample, sample.size());
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].data, "{\"a\":1}");
  EXPECT_EQ(events[0].raw, "data: {\"a\":1}\n\n");
  EXPECT_FALSE(events[1].has_data);
  EXPECT_EQ(events[2].name, "answer");
  EXPECT_EQ(events[2].data, "one\ntwo");
  EXPECT_TRUE(events[3].has_data);
  EXPECT_EQ(events[3].data, "");
  EXPECT_EQ(events[4].data, "[DONE]");
}

TEST(Sse, ChunksDoNotMatter) {
  const auto whole = events_of(sample, sample.size());
  for (std::size_t step : {1u, 2u, 3u, 5u, 7u, 11u, 64u}) EXPECT_EQ(events_of(sample, step), whole) << step;
}

TEST(Sse, RawBytesAddUpToTheStream) {
  std::string all;
  for (const auto& e : events_of(sample, 3)) all += e.raw;
  EXPECT_EQ(all, sample);
}

TEST(Sse, LoneCarriageReturnsEndLines) {
  const auto events = events_of("data: a\r\rdata: b\r\r:", 1);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].data, "a");
  EXPECT_EQ(events[1].data, "b");
}

TEST(Sse, ACutEventIsLeftOver) {
  std::string rest;
  EXPECT_EQ(events_of("data: a\n\ndata: {\"b\"", 4, &rest).size(), 1u);
  EXPECT_EQ(rest, "data: {\"b\"");
}

TEST(Sse, AnEndlessEventIsRefused) {
  SseParser parser(1000);
  bool fits = true;
  for (int i = 0; i < 100 && fits; ++i) {
    fits = parser.push(std::string(50, 'x'));
    EXPECT_FALSE(parser.next());
  }
  EXPECT_FALSE(fits);
}

TEST(Sse, ManySmallEventsNeverHitTheLimit) {
  SseParser parser(1000);
  for (int i = 0; i < 10000; ++i) {
    ASSERT_TRUE(parser.push("data: hello\n\n"));
    ASSERT_TRUE(parser.next());
    ASSERT_FALSE(parser.next());
  }
}

}  // namespace
}  // namespace wattline::serve
