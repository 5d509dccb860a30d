#include "serve/recorder.h"

#include <cmath>
#include <latch>
#include <set>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "kernel/error.h"

namespace wattline::serve {
namespace {

using testing::HasSubstr;

AnswerPtr answer(std::string id, std::shared_ptr<const Basis> basis, AnswerStatus status = AnswerStatus::ok) {
  Answer a;
  a.id = std::move(id);
  a.basis = std::move(basis);
  a.status = status;
  a.tokens_in = 10;
  a.tokens_out = 5;
  a.energy = Estimate<Energy>::with_sd(Energy(2), Energy(0.2), Method::modelled, {});
  return std::make_shared<const Answer>(std::move(a));
}

std::shared_ptr<const Basis> basis(std::string model = "model") {
  auto b = std::make_shared<Basis>();
  b->model = std::move(model);
  b->upstream = "up";
  b->energy = figure_basis("J", Method::modelled, {"a source", "another"});
  return b;
}

// Takes facts unless `refuse` throws.
class Sink : public AccountSink {
 public:
  std::string record(const Fact&) override { return {}; }
  void record_all(std::span<const Fact> facts) override {
    std::lock_guard lock(mutex);
    ++tries;
    if (refuse) refuse(facts);
    taken.insert(taken.end(), facts.begin(), facts.end());
    largest = std::max(largest, facts.size());
  }
  std::function<void(std::span<const Fact>)> refuse;
  std::mutex mutex;
  std::atomic<int> tries{0};
  std::vector<Fact> taken;
  std::size_t largest = 0;
};

struct Log {
  std::mutex mutex;
  std::string text;
};

RecorderOptions quick(Log* log = nullptr) {
  RecorderOptions options;
  options.period = std::chrono::milliseconds(2);
  if (log)
    options.log = [log](std::string_view line) {
      std::lock_guard lock(log->mutex);
      log->text.append(line) += '\n';
    };
  return options;
}

template <class F>
bool soon(F&& happens) {
  for (int i = 0; i < 5000; ++i) {
    if (happens()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

TEST(Recorder, EveryAnswerOfABurstIsAFactOfItsOwn) {
  const auto sink = std::make_shared<Sink>();
  RecorderOptions options = quick();
  options.batch = 1000;
  Recorder recorder(sink, options);
  const std::shared_ptr<const Basis> models[] = {basis("a"), basis("b")};
  constexpr int count = 20'000;
  for (int i = 0; i < count; ++i)
    recorder.record(answer(fmt::format("wl-{}", i), models[i % 2], i % 3 == 0 ? AnswerStatus::cancelled : AnswerStatus::ok));
  recorder.close();
  EXPECT_EQ(recorder.written(), count);
  EXPECT_EQ(recorder.lost(), 0);
  EXPECT_EQ(recorder.waiting(), 0);
  ASSERT_EQ(sink->taken.size(), static_cast<std::size_t>(count));
  EXPECT_LE(sink->largest, 1000u);
  for (int i = 0; i < count; ++i) {
    const Fact& f = sink->taken[static_cast<std::size_t>(i)];
    ASSERT_EQ(f.uid, fmt::format("wl-{}", i));
    ASSERT_EQ(f.model, i % 2 ? "b" : "a");
    ASSERT_EQ(f.tokens_out, 5);
    ASSERT_EQ(f.energy.value().base(), 2);
    ASSERT_EQ(f.energy.raw().sources().size(), 2u);
    // Modelled energies of one model are wrong together.
    ASSERT_EQ(f.energy.raw().by_factor().size(), 1u);
    ASSERT_EQ(f.labels.size(), 3u);
    ASSERT_EQ(f.labels[2].second, i % 3 == 0 ? "cancelled" : "ok");
  }
  // What is not known of one answer is not known of the sum of its model's: 0.2 and 0.2 are 0.4.
  EXPECT_NEAR((sink->taken[0].energy + sink->taken[2].energy).sd().base(), 0.4, 1e-9);
  EXPECT_NEAR((sink->taken[0].energy + sink->taken[1].energy).sd().base(), 0.2 * std::sqrt(2), 1e-9);
}

TEST(Recorder, WhoAskedIsALabelAndTheKeyIsNot) {
  Answer a;
  a.id = "wl-1";
  a.basis = basis();
  Fact f;
  make_fact(f, a, false);
  EXPECT_EQ(f.labels.size(), 3u);
  a.requester = std::make_shared<const Requester>(Requester{"lab", "laptop"});
  make_fact(f, a, false);
  ASSERT_EQ(f.labels.size(), 5u);
  EXPECT_EQ(f.labels[3], (std::pair<std::string, std::string>("tenant", "lab")));
  EXPECT_EQ(f.labels[4], (std::pair<std::string, std::string>("key", "laptop")));
}

TEST(Recorder, AnswersOfOneBatchKeepTheirRequesters) {
  const auto sink = std::make_shared<Sink>();
  Recorder recorder(sink, quick());
  const auto model = basis();
  const auto lab = std::make_shared<const Requester>(Requester{"lab", ""});
  for (int i = 0; i < 100; ++i) {
    Answer a = *answer(fmt::format("wl-{}", i), model);
    if (i % 2) a.requester = lab;
    recorder.record(std::make_shared<const Answer>(std::move(a)));
  }
  recorder.close();
  ASSERT_EQ(sink->taken.size(), 100u);
  for (std::size_t i = 0; i < 100; ++i) EXPECT_EQ(sink->taken[i].labels.size(), i % 2 ? 4u : 3u) << i;
}

TEST(Recorder, TriesAgainUntilTheLedgerTakesThem) {
  Log log;
  const auto sink = std::make_shared<Sink>();
  sink->refuse = [&](auto) {
    if (sink->tries <= 2) throw world_error("disk full");
  };
  Recorder recorder(sink, quick(&log));
  recorder.record(answer("wl-1", basis()));
  EXPECT_TRUE(soon([&] { return recorder.written() == 1; }));
  recorder.close();
  EXPECT_EQ(sink->taken.size(), 1u);
  EXPECT_EQ(recorder.lost(), 0);
  EXPECT_TRUE(recorder.answers().find("wl-1"));
  EXPECT_THAT(log.text, HasSubstr("disk full"));
  EXPECT_THAT(log.text, HasSubstr("takes answers again"));
}

TEST(Recorder, WhatALedgerNeverTakesIsLostAloneAndSaid) {
  Log log;
  const auto sink = std::make_shared<Sink>();
  sink->refuse = [](std::span<const Fact> facts) {
    for (const auto& f : facts)
      if (f.uid == "wl-13") throw bad_input("no fact can be so", f.uid);
  };
  Recorder recorder(sink, quick(&log));
  for (int i = 0; i < 100; ++i) recorder.record(answer(fmt::format("wl-{}", i), basis()));
  recorder.close();
  EXPECT_EQ(recorder.written(), 99);
  EXPECT_EQ(recorder.lost(), 1);
  std::set<std::string> uids;
  for (const auto& f : sink->taken) uids.insert(f.uid);
  EXPECT_EQ(uids.size(), 99u);
  EXPECT_THAT(log.text, HasSubstr("wl-13"));
}

TEST(Recorder, AnOutageIsBoundedCountedAndSaid) {
  Log log;
  const auto sink = std::make_shared<Sink>();
  sink->refuse = [](auto) { throw world_error("disk full"); };
  RecorderOptions options = quick(&log);
  options.queue = 10;
  Recorder recorder(sink, options);
  for (int i = 0; i < 50; ++i) recorder.record(answer(fmt::format("wl-{}", i), basis()));
  EXPECT_TRUE(soon([&] { return sink->tries > 2; }));
  for (int i = 50; i < 100; ++i) recorder.record(answer(fmt::format("wl-{}", i), basis()));
  EXPECT_EQ(recorder.waiting(), 10);
  EXPECT_EQ(recorder.lost(), 90);
  EXPECT_EQ(recorder.answers().size(), 100u);
  recorder.close();
  EXPECT_EQ(recorder.waiting(), 0);
  EXPECT_EQ(recorder.lost(), 100);
  EXPECT_EQ(recorder.written(), 0);
  EXPECT_THAT(log.text, HasSubstr("disk full"));
  EXPECT_THAT(log.text, HasSubstr("100 in all"));
  recorder.record(answer("wl-late", basis()));
  EXPECT_EQ(recorder.lost(), 101);
}

TEST(Recorder, ThoseWhoWatchHearOfAnswersWhileTheLedgerHangs) {
  const auto sink = std::make_shared<Sink>();
  std::latch hangs(1), released(1);
  sink->refuse = [&](auto) {
    if (sink->tries > 1) return;
    hangs.count_down();
    released.wait();
  };
  Recorder recorder(sink, quick());
  std::atomic<int> heard{0};
  ASSERT_TRUE(recorder.watch(1, [&](const auto& json) { heard += json->find("\"wl-") != std::string::npos; }));
  recorder.record(answer("wl-first", basis()));
  hangs.wait();
  recorder.record(answer("wl-next", basis()));
  EXPECT_TRUE(soon([&] { return heard == 2; }));
  released.count_down();
  recorder.unwatch(1);
  recorder.close();
}

TEST(Recorder, WithoutALedgerAnswersAreKeptAndTold) {
  Recorder recorder(nullptr, quick());
  recorder.record(answer("wl-1", basis()));
  EXPECT_TRUE(recorder.answers().find("wl-1"));
  EXPECT_EQ(recorder.waiting() + recorder.written() + recorder.lost(), 0);
}

TEST(Answers, SinceGivesTheNewestOldestFirst) {
  Answers answers(3);
  std::uint64_t seen = 0;
  EXPECT_TRUE(answers.since(seen, 10).empty());
  for (int i = 0; i < 5; ++i) answers.add(answer(fmt::format("wl-{}", i), basis()));
  const auto all = answers.since(seen, 10);
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all.front()->id, "wl-2");
  EXPECT_EQ(all.back()->id, "wl-4");
  EXPECT_TRUE(answers.since(seen, 10).empty());
  answers.add(answer("wl-5", basis()));
  answers.add(answer("wl-6", basis()));
  const auto one = answers.since(seen, 1);
  ASSERT_EQ(one.size(), 1u);
  EXPECT_EQ(one[0]->id, "wl-6");
  EXPECT_TRUE(answers.since(seen, 1).empty());
}

TEST(Answers, FindsAllThatAreKeptAndNoOthers) {
  Answers answers(100);
  for (int i = 0; i < 1000; ++i) answers.add(answer(fmt::format("wl-{}", i), basis()));
  EXPECT_EQ(answers.size(), 100u);
  for (int i = 0; i < 1000; ++i) {
    const auto found = answers.find(fmt::format("wl-{}", i));
    ASSERT_EQ(found != nullptr, i >= 900) << i;
    if (found) {
      ASSERT_EQ(found->id, fmt::format("wl-{}", i));
    }
  }
  EXPECT_FALSE(answers.find(""));
}

}  // namespace
}  // namespace wattline::serve
