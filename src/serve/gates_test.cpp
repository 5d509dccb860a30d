#include "serve/gates.h"

#include <atomic>
#include <latch>
#include <random>
#include <thread>

#include <gtest/gtest.h>

namespace wattline::serve {
namespace {

using Entry = Gates::Entry;
using State = Gates::Waiter::State;

QueueConfig queue(int concurrent, std::int64_t waiting, std::vector<std::string> models = {"big-*"}) {
  QueueConfig q;
  q.models = std::move(models);
  q.concurrent = concurrent;
  q.waiting = waiting;
  return q;
}

TEST(Gates, SoManyAreInTheOthersWaitAndTheRestIsRefused) {
  Gates gates({queue(2, 2)}, 64, Duration(10));
  const auto g = gates.index_of("big-one");
  EXPECT_EQ(g, 0u);
  EXPECT_EQ(gates.index_of("small"), 1u);
  GateFlow a;
  std::shared_ptr<Gates::Waiter> none, first, second;
  EXPECT_EQ(gates.enter(g, a, 1, none), Entry::in);
  EXPECT_EQ(gates.enter(g, a, 1, none), Entry::in);
  EXPECT_EQ(gates.enter(g, a, 1, first), Entry::waits);
  EXPECT_EQ(gates.enter(g, a, 1, second), Entry::waits);
  EXPECT_EQ(gates.enter(g, a, 1, none), Entry::full);
  EXPECT_FALSE(none);
  int woken = 0;
  first->when_decided([&] { ++woken; });
  EXPECT_EQ(woken, 0);
  gates.leave(g, a, 0.1);
  EXPECT_EQ(woken, 1);
  EXPECT_EQ(gates.end_wait(first), State::in);
  EXPECT_EQ(gates.end_wait(second), State::left);  // has waited long enough
  gates.leave(g, a, 0.1);
  gates.leave(g, a, 0.1);
  EXPECT_EQ(a.under_way, 0);
  EXPECT_EQ(a.waiting, 0);
  EXPECT_EQ(gates.figures()[0].under_way, 0);
  EXPECT_EQ(gates.enter(1, a, 1, none), Entry::in);  // other models have no queue
}

TEST(Gates, WhoAsksTooLateIsToldAtOnce) {
  Gates gates({queue(1, 5)}, 64, Duration(10));
  GateFlow a;
  std::shared_ptr<Gates::Waiter> w;
  gates.enter(0, a, 1, w);
  gates.enter(0, a, 1, w);
  gates.leave(0, a, 1);
  bool woken = false;
  w->when_decided([&] { woken = true; });
  EXPECT_TRUE(woken);
}

TEST(Gates, ATenantsOwnCapHoldsItBackAndNobodyElse) {
  Gates gates({queue(4, 10)}, 64, Duration(10));
  GateFlow a, b;
  a.most = 1;
  std::shared_ptr<Gates::Waiter> w, none;
  EXPECT_EQ(gates.enter(0, a, 1, none), Entry::in);
  EXPECT_EQ(gates.enter(0, a, 1, w), Entry::waits);
  EXPECT_EQ(gates.enter(0, b, 1, none), Entry::in);
  EXPECT_EQ(gates.enter(0, b, 1, none), Entry::in);
  gates.leave(0, b, 1);
  EXPECT_EQ(a.waiting, 1);
  gates.set_limits(a, 1, 2);  // a higher cap lets it go
  EXPECT_EQ(gates.end_wait(w), State::in);
  EXPECT_EQ(a.under_way, 2);
}

TEST(Gates, TheCapHoldsOverQueuesToo) {
  Gates gates({queue(4, 10, {"a"}), queue(4, 10, {"b"})}, 64, Duration(10));
  GateFlow t;
  t.most = 1;
  std::shared_ptr<Gates::Waiter> w, none;
  EXPECT_EQ(gates.enter(gates.index_of("a"), t, 1, none), Entry::in);
  EXPECT_EQ(gates.enter(gates.index_of("b"), t, 1, w), Entry::waits);
  gates.leave(gates.index_of("a"), t, 1);
  EXPECT_EQ(gates.end_wait(w), State::in);
}

TEST(Gates, AFloodIsPushedOutByOthers) {
  Gates gates({queue(1, 3)}, 64, Duration(10));
  GateFlow flood, quiet;
  std::shared_ptr<Gates::Waiter> waits[3], q, none;
  gates.enter(0, flood, 1, none);
  for (auto& w : waits) EXPECT_EQ(gates.enter(0, flood, 1, w), Entry::waits);
  EXPECT_EQ(gates.enter(0, flood, 1, none), Entry::full);
  bool told = false;
  waits[2]->when_decided([&] { told = true; });
  EXPECT_EQ(gates.enter(0, quiet, 1, q), Entry::waits);
  EXPECT_TRUE(told);
  EXPECT_EQ(gates.end_wait(waits[2]), State::pushed_out);
  EXPECT_EQ(flood.waiting, 2);
  gates.leave(0, flood, 1);
  EXPECT_EQ(gates.end_wait(q), State::in);  // and goes before those of the flood
}

TEST(Gates, RetryAfterFollowsHowLongAnswersTake) {
  Gates gates({queue(1, 10)}, 64, Duration(10));
  GateFlow a;
  std::shared_ptr<Gates::Waiter> none;
  for (int i = 0; i < 100; ++i) {
    gates.enter(0, a, 1, none);
    gates.leave(0, a, 8);
  }
  EXPECT_EQ(gates.retry_after_s(0), 8);
  for (int i = 0; i < 200; ++i) {
    gates.enter(0, a, 1, none);
    gates.leave(0, a, 1000);
  }
  EXPECT_EQ(gates.retry_after_s(0), 60);
}

// From many threads: never more in than may be, everybody is decided once, and nothing is left over.
TEST(Gates, HoldFromManyThreads) {
  Gates gates({queue(3, 20)}, 64, Duration(10));
  constexpr int threads = 8, rounds = 500;
  GateFlow flows[4];
  for (auto& f : flows) f.most = 2;
  std::atomic<int> in{0}, most{0}, served{0}, refused{0}, gave_up{0};
  std::vector<std::thread> running;
  for (int t = 0; t < threads; ++t)
    running.emplace_back([&, t] {
      std::mt19937 random(static_cast<unsigned>(t));
      GateFlow& flow = flows[t % 4];
      for (int i = 0; i < rounds; ++i) {
        std::shared_ptr<Gates::Waiter> w;
        const auto entry = gates.enter(0, flow, 1 + random() % 10, w);
        bool may = entry == Entry::in;
        if (entry == Entry::waits) {
          std::latch decided(1);
          if (random() % 4 == 0) {
            may = gates.end_wait(w) == State::in;
          } else {
            w->when_decided([&] { decided.count_down(); });
            decided.wait();
            may = gates.end_wait(w) == State::in;
          }
          if (!may) gave_up.fetch_add(1);
        } else if (entry == Entry::full) {
          refused.fetch_add(1);
        }
        if (!may) continue;
        const int now = in.fetch_add(1) + 1;
        int seen = most.load();
        while (now > seen && !most.compare_exchange_weak(seen, now)) {}
        std::this_thread::yield();
        in.fetch_sub(1);
        served.fetch_add(1);
        gates.leave(0, flow, 0.001);
      }
    });
  for (auto& t : running) t.join();
  EXPECT_LE(most.load(), 3);
  EXPECT_EQ(served + refused + gave_up, threads * rounds);
  EXPECT_GT(served.load(), 0);
  EXPECT_EQ(gates.figures()[0].under_way, 0);
  EXPECT_EQ(gates.figures()[0].waiting, 0);
  for (auto& f : flows) EXPECT_EQ(f.under_way + f.waiting, 0);
}

}  // namespace
}  // namespace wattline::serve
