#include "serve/single_flight.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

CacheKey key(std::uint8_t n) {
  CacheKey k;
  k.bytes[0] = k.bytes[31] = n;
  return k;
}
StoredReplyPtr reply(std::string body) {
  auto r = std::make_shared<StoredReply>();
  r->body = std::move(body);
  return r;
}

TEST(SingleFlight, TheFirstLeadsAndTheOthersFollow) {
  SingleFlight flights;
  int woken = 0;
  auto first = flights.join(key(1), false, [] { FAIL() << "a leader is not woken"; });
  auto second = flights.join(key(1), false, [&] { ++woken; });
  auto other = flights.join(key(2), false, [] {});
  EXPECT_TRUE(first.lead);
  EXPECT_FALSE(first.follow);
  EXPECT_FALSE(second.lead);
  EXPECT_TRUE(second.follow);
  EXPECT_TRUE(other.lead);
  EXPECT_EQ(first.lead.followers(), 1u);
  std::string text;
  EXPECT_EQ(second.follow.look(text).state, FlightView::waiting);
  first.lead.complete(reply("done"));
  EXPECT_EQ(woken, 1);
  const auto seen = second.follow.look(text);
  EXPECT_EQ(seen.state, FlightView::complete);
  EXPECT_EQ(seen.reply->body, "done");
  EXPECT_EQ(flights.flights(), 1u);
  EXPECT_TRUE(flights.join(key(1), false, [] {}).lead);  // it is over: a new one
}

TEST(SingleFlight, AStreamIsFollowedFromItsBeginning) {
  SingleFlight flights;
  auto leader = flights.join(key(1), true, [] {});
  leader.lead.append("a");
  auto late = flights.join(key(1), true, [] {});
  std::string text;
  EXPECT_EQ(late.follow.look(text).state, FlightView::flowing);
  EXPECT_EQ(text, "a");
  EXPECT_EQ(late.follow.look(text).state, FlightView::waiting);
  leader.lead.append("b");
  leader.lead.append("c");
  leader.lead.complete(reply("abc"));
  const auto seen = late.follow.look(text);
  EXPECT_EQ(seen.state, FlightView::complete);
  EXPECT_TRUE(seen.is_stream);
  EXPECT_EQ(text, "abc");
  EXPECT_EQ(late.follow.taken(), 3u);
}

TEST(SingleFlight, AfterAFailureOneTakesOver) {
  SingleFlight flights;
  std::optional<SingleFlight::Joined> leader(flights.join(key(1), false, [] {}));
  std::vector<SingleFlight::Joined> followers;
  for (int i = 0; i < 5; ++i) followers.push_back(flights.join(key(1), false, [] {}));
  leader.reset();  // without a word
  int leads = 0;
  std::vector<SingleFlight::Joined> again;
  for (auto& f : followers) {
    std::string text;
    const auto seen = f.follow.look(text);
    ASSERT_EQ(seen.state, FlightView::failed);
    EXPECT_EQ(seen.error.status, 503);
    f.follow.leave();
    again.push_back(flights.join(key(1), false, [] {}));
    leads += again.back().lead ? 1 : 0;
  }
  EXPECT_EQ(leads, 1);
  EXPECT_EQ(again[0].lead.followers(), 4u);
  again[0].lead.fail(api_error(502, "down", "server_error"));
  std::string text;
  EXPECT_EQ(again[4].follow.look(text).error.message, "down");
}

TEST(SingleFlight, WhoComesLateAfterAFailureHearsOfTheNextRun) {
  SingleFlight flights;
  auto leader = flights.join(key(1), false, [] {});
  auto a = flights.join(key(1), false, [] {}), b = flights.join(key(1), false, [] {}),
       c = flights.join(key(1), false, [] {});
  leader.lead.fail(api_error(502, "first", "server_error"));
  auto again = flights.join(
      key(1), false, [] {}, &a.follow);
  ASSERT_TRUE(again.lead);
  again.lead.fail(api_error(502, "second", "server_error"));
  // `b` did not see the second run begin: it does not start a third.
  auto late = flights.join(
      key(1), false, [] {}, &b.follow);
  ASSERT_TRUE(late.follow);
  std::string text;
  EXPECT_EQ(late.follow.look(text).error.message, "second");
  // Who asks for the first time does.
  auto fresh = flights.join(key(1), false, [] {});
  ASSERT_TRUE(fresh.lead);
  auto after_second = flights.join(
      key(1), false, [] {}, &late.follow);
  EXPECT_TRUE(after_second.follow);
  fresh.lead.complete(reply("x"));
  EXPECT_EQ(after_second.follow.look(text).state, FlightView::complete);
  EXPECT_TRUE(flights
                  .join(
                      key(1), false, [] {}, &c.follow)
                  .follow);
}

TEST(SingleFlight, ALeaderWithoutClientCarriesOnWhileSomeoneFollows) {
  SingleFlight flights;
  auto leader = flights.join(key(1), false, [] {});
  auto a = flights.join(key(1), false, [] {}), b = flights.join(key(1), false, [] {});
  int told = 0;
  EXPECT_TRUE(leader.lead.client_left([&] { ++told; }));
  a.follow.leave();
  EXPECT_EQ(told, 0);
  auto c = flights.join(key(1), false, [] {});  // still joined by others
  EXPECT_TRUE(c.follow);
  b.follow.leave();
  EXPECT_EQ(told, 0);
  c.follow.leave();
  EXPECT_EQ(told, 1);
  // The deserted run is about to end: who comes now does not wait for it.
  auto d = flights.join(key(1), false, [] {});
  EXPECT_TRUE(d.lead);
  leader.lead.fail(api_error(499, "left", "server_error"));
  EXPECT_EQ(flights.flights(), 1u);
  EXPECT_EQ(told, 1);
  // Alone, nobody needs it.
  EXPECT_FALSE(d.lead.client_left([&] { ++told; }));
  EXPECT_TRUE(flights.join(key(1), false, [] {}).lead);
}

TEST(SingleFlight, NothingIsToldAfterTheEnd) {
  SingleFlight flights;
  auto leader = flights.join(key(1), false, [] {});
  auto a = flights.join(key(1), false, [] {});
  int told = 0;
  leader.lead.client_left([&] { ++told; });
  leader.lead.complete(reply("x"));
  a.follow.leave();
  EXPECT_EQ(told, 0);
}

// Whatever the threads do, each asker ends with a whole answer, and runs of one key never overlap but
// where one was deserted.
TEST(SingleFlight, ManyThreadsAtOnce) {
  SingleFlight flights;
  std::atomic<int> runs{0}, shared{0}, broken{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < 400; ++i) {
        const CacheKey k = key(static_cast<std::uint8_t>(i % 3));
        bool dies = (i + t) % 7 == 0;
        while (true) {
          struct Bell {
            std::mutex mutex;
            std::condition_variable wake;
            bool rung = false;
          };
          auto bell = std::make_shared<Bell>();
          auto joined = flights.join(k, true, [bell] {
            std::lock_guard lock(bell->mutex);
            bell->rung = true;
            bell->wake.notify_one();
          });
          if (joined.lead) {
            ++runs;
            joined.lead.append("he");
            if (std::exchange(dies, false)) continue;  // without a word; asks again
            if ((i + t) % 5 == 0) joined.lead.client_left([] {});
            std::this_thread::yield();
            joined.lead.append("llo");
            joined.lead.complete(reply("hello"));
            break;
          } else {
            if ((i + t) % 11 == 0) break;  // leaves at once
            std::string text;
            FlightView seen;
            while (true) {
              seen = joined.follow.look(text);
              if (seen.state == FlightView::complete || seen.state == FlightView::failed) break;
              std::unique_lock lock(bell->mutex);
              bell->wake.wait(lock, [&] { return bell->rung; });
              bell->rung = false;
            }
            if (seen.state == FlightView::failed) continue;
            ++shared;
            if (text != "hello" || seen.reply->body != "hello") ++broken;
            break;
          }
        }
      }
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(broken, 0);
  EXPECT_EQ(flights.flights(), 0u);
  EXPECT_GT(runs, 0);
}

}  // namespace
}  // namespace wattline::serve
