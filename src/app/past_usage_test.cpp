#include "app/past_usage.h"

#include <gtest/gtest.h>

#include "app/environment.h"
#include "kernel/account.h"
#include "kernel/testing.h"
#include "ledger/ledger.h"
#include "ledger/segment.h"

namespace wattline::app {
namespace {

Fact answer(const char* end, const char* tenant, double joules) {
  Fact f;
  f.kind = "answer";
  f.begin = f.end = parse_time(end);
  f.energy = Estimate<Energy>::with_sd(Energy(joules), Energy(joules / 10), Method::modelled, {"test"});
  f.tokens_in = 3;
  f.tokens_out = 4;
  f.place = "FR";
  f.labels = {{"served_as", "big"}, {"upstream", "gpu"}, {"status", "ok"}};
  if (*tenant) f.labels.insert(f.labels.end(), {{"tenant", tenant}, {"key", "laptop"}});
  return f;
}

TEST(PastUsage, TellsTheAnswersOfTenantsSinceThen) {
  const tests::ScratchDir dir;
  Context context;
  provide_shared_parts(context, "", dir.path().string());
  const auto usage = past_usage(context);
  int told = 0;
  usage->for_each(parse_time("2026-01-01"), [&](const auto&) { ++told; });
  EXPECT_EQ(told, 0);  // there is no account yet
  auto& sink = context.get<AccountSink>();
  sink.record(answer("2026-10-31T23:59:59Z", "lab", 1));
  sink.record(answer("2026-11-01T00:00:00Z", "lab", 2));
  sink.record(answer("2026-11-02T00:00:00Z", "", 4));
  Fact run = answer("2026-11-03T00:00:00Z", "lab", 8);
  run.kind = "run";
  sink.record(run);
  double joules = 0;
  usage->for_each(parse_time("2026-11-01"), [&](const serve::PastAnswer& a) {
    ++told;
    joules += a.energy.value().base();
    EXPECT_EQ(a.tenant, "lab");
    EXPECT_EQ(a.key, "laptop");
    EXPECT_EQ(a.model, "big");
    EXPECT_EQ(a.upstream, "gpu");
    EXPECT_EQ(a.place, "FR");
    EXPECT_TRUE(a.ok);
    EXPECT_EQ(a.tokens_in + a.tokens_out, 7);
    EXPECT_NEAR(a.energy.sd().base(), 0.2, 1e-9);
  });
  EXPECT_EQ(told, 1);
  EXPECT_EQ(joules, 2);
  usage->for_each(Time{INT64_MIN}, [&](const auto&) { ++told; });
  EXPECT_EQ(told, 3);
}

TEST(PastUsage, CountsSealedAnswers) {
  const tests::ScratchDir dir;
  Context context;
  std::string told;
  context.on_log = [&](std::string_view line) { told += line; };
  provide_shared_parts(context, "", dir.path().string());
  context.get<AccountSink>().record(answer("2026-11-01T00:00:00Z", "lab", 2));
  context.get<AccountSink>().record(answer("2026-11-02T00:00:00Z", "lab", 4));
  ledger::Ledger::open(dir.path(), ledger::OpenMode::write)->seal(parse_time("2026-11-02"));
  const auto usage = past_usage(context);
  const auto joules_since = [&](Time since) {
    double joules = 0;
    usage->for_each(since, [&](const serve::PastAnswer& a) { joules += a.energy.value().base(); });
    return joules;
  };
  EXPECT_EQ(joules_since(parse_time("2026-11-01")), 6);
  EXPECT_EQ(joules_since(Time{INT64_MIN}), 6);
  EXPECT_EQ(joules_since(parse_time("2026-11-02")), 4);
  EXPECT_EQ(told, "");
  std::filesystem::remove_all(dir.path() / "segments");
  EXPECT_EQ(joules_since(parse_time("2026-11-01")), 4);
  EXPECT_NE(told.find("budgets leave out 1 row of the account"), told.npos) << told;
}

TEST(Environment, AServiceSaysWhichAccountItWritesTo) {
  const tests::ScratchDir dir;
  Context context;
  provide_shared_parts(context, "", (dir.path() / "own").string());
  std::string told;
  const auto journal =
      context.get<AccountSink>().open_journal([&](std::string_view line) { told += std::string(line) + "\n"; });
  ASSERT_TRUE(journal);
  EXPECT_NE(told.find("recorded in the account " + (dir.path() / "own").string()), told.npos) << told;
}

}  // namespace
}  // namespace wattline::app
