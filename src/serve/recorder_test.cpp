#include "serve/recorder.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <thread>

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

// Takes facts through a journal of its own, unless `refuse` throws.
class Sink : public AccountSink {
 public:
  std::string record(const Fact& f) override {
    if (refuse) refuse(f);
    std::lock_guard lock(mutex);
    taken.push_back(f);
    return f.uid;
  }
  void record_all(std::span<const Fact> facts) override {
    for (const auto& f : facts) record(f);
  }
  std::shared_ptr<AccountJournal> open_journal(std::function<void(std::string_view)>) override {
    if (!has_journal) return nullptr;
    struct Journal : AccountJournal {
      explicit Journal(Sink& s) : sink(s) {}
      Shape shape(const Fact& common) override {
        std::lock_guard lock(sink.mutex);
        sink.shapes.push_back(common);
        return static_cast<Shape>(sink.shapes.size() - 1);
      }
      void flush() override {}
      void stage(Shape shape, const FactNumbers& n) override {
        Fact f;
        {
          std::lock_guard lock(sink.mutex);
          f = sink.shapes.at(shape);
        }
        f.uid = n.uid;
        f.tokens_out = n.tokens_out;
        f.energy.raw().renumber(n.energy.base(), n.sd.base());
        sink.record(f);
      }
      AccountBacklog backlog() const override { return {1, 2, 3}; }
      void close(std::chrono::milliseconds) override { sink.closed = true; }
      Sink& sink;
    };
    return std::make_shared<Journal>(*this);
  }
  std::function<void(const Fact&)> refuse;
  bool has_journal = true, closed = false;
  std::mutex mutex;
  std::vector<Fact> taken, shapes;
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

TEST(Recorder, EveryAnswerIsAFactOfItsOwnAndShapesAreToldOnce) {
  const auto sink = std::make_shared<Sink>();
  Recorder recorder(sink, quick());
  const std::shared_ptr<const Basis> models[] = {basis("a"), basis("b")};
  constexpr int count = 20'000;
  for (int i = 0; i < count; ++i)
    recorder.record(
        answer(fmt::format("wl-{}", i), models[i % 2], i % 3 == 0 ? AnswerStatus::cancelled : AnswerStatus::ok));
  recorder.close();
  EXPECT_TRUE(sink->closed);
  EXPECT_LE(sink->shapes.size(), 100u);
  EXPECT_EQ(recorder.backlog().written, 2);  // the journal's word
  ASSERT_EQ(sink->taken.size(), static_cast<std::size_t>(count));
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
  Fact f = make_fact(a);
  EXPECT_EQ(f.labels.size(), 3u);
  a.requester = std::make_shared<const Requester>(Requester{"lab", "laptop"});
  f = make_fact(a);
  ASSERT_EQ(f.labels.size(), 5u);
  EXPECT_EQ(f.labels[3], (std::pair<std::string, std::string>("tenant", "lab")));
  EXPECT_EQ(f.labels[4], (std::pair<std::string, std::string>("key", "laptop")));
}

TEST(Recorder, AnswersOfOneModelKeepTheirRequesters) {
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

TEST(Recorder, ASinkWithoutAJournalGetsAnswersAtOnce) {
  const auto sink = std::make_shared<Sink>();
  sink->has_journal = false;
  Recorder recorder(sink, quick());
  recorder.record(answer("wl-1", basis()));
  ASSERT_EQ(sink->taken.size(), 1u);
  EXPECT_EQ(sink->taken[0].uid, "wl-1");
  EXPECT_EQ(recorder.backlog().written, 1);
}

TEST(Recorder, WhatCannotBeKeptIsCountedSaidAndStillTold) {
  Log log;
  const auto sink = std::make_shared<Sink>();
  sink->has_journal = false;
  sink->refuse = [](const Fact&) { throw world_error("disk full"); };
  Recorder recorder(sink, quick(&log));
  for (int i = 0; i < 50; ++i) recorder.record(answer(fmt::format("wl-{}", i), basis()));
  EXPECT_EQ(recorder.backlog().lost, 50);
  EXPECT_EQ(recorder.answers().size(), 50u);
  EXPECT_THAT(log.text, HasSubstr("disk full"));
  EXPECT_EQ(std::count(log.text.begin(), log.text.end(), '\n'), 1);  // and not fifty times
}

TEST(Recorder, ThoseWhoWatchHearOfAnswersWhileTheLedgerTakesNone) {
  const auto sink = std::make_shared<Sink>();
  sink->refuse = [](const Fact&) { throw world_error("disk full"); };
  Recorder recorder(sink, quick());
  std::atomic<int> heard{0};
  ASSERT_TRUE(
      recorder.watch(1, [&](const Answer&, const auto& json) { heard += json->find("\"wl-") != std::string::npos; }));
  recorder.record(answer("wl-first", basis()));
  recorder.record(answer("wl-next", basis()));
  EXPECT_TRUE(soon([&] { return heard == 2; }));
  recorder.unwatch(1);
  recorder.close();
}

TEST(Recorder, WithoutALedgerAnswersAreKeptAndTold) {
  Recorder recorder(nullptr, quick());
  recorder.record(answer("wl-1", basis()));
  EXPECT_TRUE(recorder.answers().find("wl-1"));
  EXPECT_EQ(recorder.backlog().written + recorder.backlog().lost, 0);
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
